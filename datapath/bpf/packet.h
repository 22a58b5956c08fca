/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of an IP packet to the view: the BPF side of translator/packet.hpp. The includer defines, for packet bytes counted
 * from the network header, `xt_load(ctx, offset, to, bytes)`, which copies them, and `xt_load_words(ctx, offset, to, bytes)`, which
 * may copy up to the next multiple of eight; both return 0 on success.
 */
#ifndef XTBPF_PACKET_H
#define XTBPF_PACKET_H

#include "translator/view.h"

#define XT_IPV4_HEADER 20
#define XT_IPV6_HEADER 40
#define XT_TCP_HEADER 20

/* net/ipv6 next header values that ipv6_ext_hdr() knows (include/uapi/linux/ipv6.h, linux/in6.h) */
enum {
    XT_NEXT_HOP = 0,
    XT_NEXT_ROUTING = 43,
    XT_NEXT_FRAGMENT = 44,
    XT_NEXT_AUTH = 51,
    XT_NEXT_NONE = 59,
    XT_NEXT_DEST = 60,
    XT_PROTO_TCP = 6,
};

/* Of what is aligned on the stack. */
static __always_inline __u32 xt_be32(const __u8* p) { return bpf_ntohl(*(const __u32*)p); }
static __always_inline __u16 xt_be16(const __u8* p) { return bpf_ntohs(*(const __u16*)p); }

/* The fields that lie in the transport header's first 20 bytes, as far as they are there. `bytes` of them are readable. */
static __always_inline void xt_transport_fields(struct xt_view* v, const __u8* l4, __u32 bytes) {
    if (bytes >= 2) {
        v->sport = xt_be16(l4);
        v->icmp_type_code = v->sport;
    }
    if (bytes >= 4) v->dport = xt_be16(l4 + 2);
    if (bytes >= XT_TCP_HEADER) {
        v->tcp_doff = l4[12] >> 4;
        v->tcp_flags = l4[13];
    }
}

static __always_inline void xt_transport(void* ctx, struct xt_view* v) {
    __u64 words[2]; /* more isn't asked for */
    const __u8* l4 = (const __u8*)words;
    __u32 bytes = v->l4_avail;

    if (v->frag_off != 0 || v->l4 != XT_L4_OK) return;
    if (bytes >= XT_TCP_HEADER) {
        if (xt_load_words(ctx, v->thoff, words, sizeof words) == 0) xt_transport_fields(v, l4, XT_TCP_HEADER);
    } else if (bytes >= 4) {
        if (xt_load_words(ctx, v->thoff, words, 4) == 0) xt_transport_fields(v, l4, 4);
    } else if (bytes >= 2) {
        if (xt_load_words(ctx, v->thoff, words, 2) == 0) xt_transport_fields(v, l4, 2);
    }
}

/* The offset of `bytes` left of the packet behind `offset`. */
static __always_inline __u32 xt_left(__u32 length, __u32 offset) { return length > offset ? length - offset : 0; }

/* v->len must be set. No sanity checks: at the netfilter hooks ip_rcv has made them; at ingress the caller does. */
static __always_inline int xt_parse_ipv4(void* ctx, struct xt_view* v) {
    __u64 words[(XT_IPV4_HEADER + 7) / 8];
    const __u8* ip = (const __u8*)words;

    if (xt_load_words(ctx, 0, words, XT_IPV4_HEADER)) return -1;
    v->tos = ip[1];
    v->ip_len = xt_be16(ip + 2);
    v->frag_off = xt_be16(ip + 6) & 0x1fff;
    v->ttl = ip[8];
    v->proto = ip[9];
    v->saddr[0] = xt_be32(ip + 12);
    v->daddr[0] = xt_be32(ip + 16);
    v->thoff = (__u16)((ip[0] & 0xf) * 4);
    v->l4_avail = xt_left(v->len, v->thoff);
    return 0;
}

struct xt_ext_walk {
    void* ctx;
    struct xt_view* view;
    __u32 offset;
    __u8 next;
};

static __always_inline int xt_is_extension(__u8 next) {
    return next == XT_NEXT_HOP || next == XT_NEXT_ROUTING || next == XT_NEXT_FRAGMENT || next == XT_NEXT_AUTH ||
           next == XT_NEXT_NONE || next == XT_NEXT_DEST;
}

/* Where ipv6_find_hdr finds the first header of each kind. */
static __always_inline void xt_found(struct xt_view* v, __u8 next, __u32 offset) {
    if (offset > 0xffff) return;
#define XT_FOUND(kind, place)                                                                                          \
    if (next == (kind) && v->ext_at[place] == 0) v->ext_at[place] = (__u16)offset;
    XT_FOUND(XT_NEXT_HOP, XT_EXT_HOP)
    XT_FOUND(XT_NEXT_ROUTING, XT_EXT_ROUTING)
    XT_FOUND(XT_NEXT_FRAGMENT, XT_EXT_FRAGMENT)
    XT_FOUND(XT_NEXT_AUTH, XT_EXT_AUTH)
    XT_FOUND(XT_NEXT_DEST, XT_EXT_DEST)
}

/* One header of the chain, as the loop of ipv6_find_hdr (net/ipv6/exthdrs_core.c) with target -1. Returns 1 at its end. */
static long xt_extension_step(__u32 index __attribute__((unused)), struct xt_ext_walk* walk) {
    struct xt_view* v = walk->view;
    __u8 header[4] __attribute__((aligned(4)));
    __u32 bytes;

    if (!xt_is_extension(walk->next) || walk->next == XT_NEXT_NONE) return 1;
    v->l4 = XT_L4_BROKEN;
    v->ext_broken = 1;
    bytes = xt_left(v->len, walk->offset);
    if (bytes < 2 || xt_load(walk->ctx, walk->offset, header, 2)) return 1;
    if (walk->next == XT_NEXT_ROUTING && bytes < 4) return 1; /* ipv6_find_hdr reads a struct ipv6_rt_hdr */
    if (walk->next == XT_NEXT_FRAGMENT) {
        __u16 offset;
        if (bytes < 4 || xt_load(walk->ctx, walk->offset, header, 4)) return 1;
        xt_found(v, walk->next, walk->offset);
        offset = xt_be16(header + 2) & ~7;
        if (offset) {
            v->ext_broken = 0;
            /* Behind a later fragment only a final header can be named; its bytes aren't here. Anything else is broken. */
            if (!xt_is_extension(header[0]) || header[0] == XT_NEXT_NONE) {
                v->l4 = XT_L4_OK;
                v->frag_off = offset;
                walk->next = header[0];
            }
            return 1;
        }
        walk->offset += 8;
    } else if (walk->next == XT_NEXT_AUTH) {
        xt_found(v, walk->next, walk->offset);
        walk->offset += (__u32)(header[1] + 2) * 4;
    } else {
        xt_found(v, walk->next, walk->offset);
        walk->offset += (__u32)(header[1] + 1) * 8;
    }
    walk->next = header[0];
    v->l4 = XT_L4_OK;
    v->ext_broken = 0;
    return 0;
}

/* The shortest extension header is 8 bytes long, a packet at most 64 KiB. */
#define XT_MOST_EXTENSIONS 8192

/* Returns the offset of what is behind them, whose kind it notes as the protocol. */
static __noinline __u32 xt_pass_extensions(void* ctx, struct xt_view* v, __u8 next) {
    struct xt_ext_walk walk = {.ctx = ctx, .view = v, .offset = XT_IPV6_HEADER, .next = next};

    bpf_loop(XT_MOST_EXTENSIONS, xt_extension_step, &walk, 0);
    v->proto = walk.next;
    return walk.offset;
}

static __always_inline int xt_parse_ipv6(void* ctx, struct xt_view* v) {
    __u64 words[XT_IPV6_HEADER / 8];
    const __u8* ip = (const __u8*)words;
    __u32 offset = XT_IPV6_HEADER;

    if (xt_load_words(ctx, 0, words, XT_IPV6_HEADER)) return -1;
    v->tos = (__u8)(ip[0] << 4 | ip[1] >> 4);
    v->ip_len = xt_be16(ip + 4) + XT_IPV6_HEADER;
    v->ttl = ip[7];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        v->saddr[i] = xt_be32(ip + 8 + 4 * i);
        v->daddr[i] = xt_be32(ip + 24 + 4 * i);
    }
    v->proto = ip[6];
    if (xt_is_extension(v->proto)) offset = xt_pass_extensions(ctx, v, v->proto);
    if (v->frag_off) return 0; /* thoff stays 0: ipv6_find_hdr doesn't say where the rest of the header would be */
    v->thoff = offset > 0xffff ? 0xffff : (__u16)offset;
    v->l4_avail = offset > 0xffff ? 0 : xt_left(v->len, offset);
    return 0;
}

#endif

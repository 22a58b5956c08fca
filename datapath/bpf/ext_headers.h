/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipv6header_mt6 of net/ipv6/netfilter/ip6t_ipv6header.c: which extension headers there are. Unlike ipv6_find_hdr it takes what
 * follows the header of a later fragment for headers too. */
#ifndef XTBPF_EXT_HEADERS_H
#define XTBPF_EXT_HEADERS_H

enum { /* MASK_* of linux/netfilter_ipv6/ip6t_ipv6header.h */
       XT_HAS_HOP = 128,
       XT_HAS_DEST = 64,
       XT_HAS_ROUTING = 32,
       XT_HAS_FRAGMENT = 16,
       XT_HAS_AUTH = 8,
       XT_HAS_ESP = 4,
       XT_HAS_NONE = 2,
       XT_HAS_PROTO = 1,
       XT_NEXT_ESP = 50,
};

static __always_inline __u16 xt_has(__u8 next) {
    switch (next) {
    case XT_NEXT_HOP: return XT_HAS_HOP;
    case XT_NEXT_DEST: return XT_HAS_DEST;
    case XT_NEXT_ROUTING: return XT_HAS_ROUTING;
    case XT_NEXT_FRAGMENT: return XT_HAS_FRAGMENT;
    case XT_NEXT_AUTH: return XT_HAS_AUTH;
    case XT_NEXT_ESP: return XT_HAS_ESP;
    case XT_NEXT_NONE: return XT_HAS_NONE;
    default: return 0;
    }
}

static long xt_headers_step(__u32 index __attribute__((unused)), struct xt_ext_walk* walk) {
    struct xt_view* v = walk->view;
    __u8 header[2];
    __u16 has = xt_has(walk->next);

    if (!has) return 1;
    if (walk->next != XT_NEXT_NONE && xt_left(v->len, walk->offset) < 2) {
        v->ext_headers = XT_EXT_CUT;
        return 1;
    }
    v->ext_headers |= has;
    if (walk->next == XT_NEXT_NONE || walk->next == XT_NEXT_ESP) return 1;
    if (xt_load(walk->ctx, walk->offset, header, 2)) return 1;
    if (walk->next == XT_NEXT_FRAGMENT)
        walk->offset += 8;
    else if (walk->next == XT_NEXT_AUTH)
        walk->offset += (__u32)(header[1] + 2) * 4;
    else
        walk->offset += (__u32)(header[1] + 1) * 8;
    walk->next = header[0];
    return walk->offset > v->len;
}

static __always_inline void xt_extension_headers(void* ctx, struct xt_view* v) {
    struct xt_ext_walk walk = {.ctx = ctx, .view = v, .offset = XT_IPV6_HEADER};

    if (xt_load(ctx, 6, &walk.next, 1)) return;
    bpf_loop(XT_MOST_EXTENSIONS, xt_headers_step, &walk, 0);
    if (walk.next != XT_NEXT_NONE && walk.next != XT_NEXT_ESP && v->ext_headers != XT_EXT_CUT)
        v->ext_headers |= XT_HAS_PROTO;
}

#endif

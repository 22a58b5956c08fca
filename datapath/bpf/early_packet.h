/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a received frame to the view, for plain packets only: Ethernet to this host, IPv4 without options and fragments, or
 * IPv6 whose first header is TCP, UDP or ICMPv6, with everything in order that ip_rcv_core and ip6_rcv_core ask
 * (net/ipv4/ip_input.c, net/ipv6/ip6_input.c). Anything else is for the exact stage to judge.
 */
#ifndef XTBPF_EARLY_PACKET_H
#define XTBPF_EARLY_PACKET_H

#include "datapath/bpf/early_context.h"

enum { XT_NOT_PLAIN = -1 };

static __always_inline __u32 xt_load32(const __u8* p) { return bpf_ntohl(*(const __u32*)p); }
static __always_inline __u16 xt_load16(const __u8* p) { return bpf_ntohs(*(const __u16*)p); }

#define XT_TCP_HEADER 20

/* As read_transport of translator/packet.cpp: ports if their bytes are in the packet, TCP's fields if its whole header is.
 * What is in the packet must be in reach too. */
static __always_inline int xt_transport(struct xt_view* v, const __u8* l4, const __u8* end) {
    __u32 bytes = v->l4_avail;

    if (bytes < 2) return 1;
    if (l4 + 2 > end) return 0;
    v->sport = v->icmp_type_code = xt_load16(l4);
    if (bytes < 4) return 1;
    if (l4 + 4 > end) return 0;
    v->dport = xt_load16(l4 + 2);
    if (bytes < XT_TCP_HEADER) return 1;
    if (l4 + XT_TCP_HEADER > end) return v->proto != XT_TCP;
    v->tcp_doff = l4[12] >> 4;
    v->tcp_flags = l4[13];
    return 1;
}

static __always_inline int xt_parse_ipv4(xt_ctx* ctx, struct xt_view* v, const __u8* ip, const __u8* end) {
    __u32 sum = 0, total;

    if (ip + 20 > end || ip[0] != 0x45) return XT_NOT_PLAIN;
    if (xt_load16(ip + 6) & 0x3fff) return XT_NOT_PLAIN; /* more fragments, or an offset */
#pragma unroll
    for (int i = 0; i < 20; i += 2)
        sum += *(const __u16*)(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    total = xt_load16(ip + 2);
    if (sum != 0xffff || total < 20 || XT_ETH_HEADER + total > xt_frame_length(ctx)) return XT_NOT_PLAIN;

    v->len = v->ip_len = total;
    v->l4_avail = total - 20;
    v->thoff = 20;
    v->tos = ip[1];
    v->ttl = ip[8];
    v->proto = ip[9];
    v->saddr[0] = xt_load32(ip + 12);
    v->daddr[0] = xt_load32(ip + 16);
    return xt_transport(v, ip + 20, end) ? XT_V4 : XT_NOT_PLAIN;
}

/* Multicast sources, the unspecified address, and loopback addresses outside the loopback device, don't get past ip6_rcv_core. */
static __always_inline int xt_plain_address6(const __u32* words) {
    if (words[0] >> 24 == 0xff) return 0;
    if (words[0] == 0 && words[1] == 0 && words[2] == 0 && words[3] <= 1) return 0;
    return 1;
}

static __always_inline int xt_parse_ipv6(xt_ctx* ctx, struct xt_view* v, const __u8* ip, const __u8* end) {
    if (ip + 40 > end || ip[0] >> 4 != 6) return XT_NOT_PLAIN;
    v->proto = ip[6];
    if (v->proto != XT_TCP && v->proto != XT_UDP && v->proto != XT_ICMPV6) return XT_NOT_PLAIN;
    v->l4_avail = xt_load16(ip + 4);
    v->len = v->ip_len = v->l4_avail + 40;
    if (XT_ETH_HEADER + v->len > xt_frame_length(ctx)) return XT_NOT_PLAIN;
    v->thoff = 40;
    v->tos = (__u8)(ip[0] << 4 | ip[1] >> 4);
    v->ttl = ip[7];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        v->saddr[i] = xt_load32(ip + 8 + 4 * i);
        v->daddr[i] = xt_load32(ip + 24 + 4 * i);
    }
    if (!xt_plain_address6(v->saddr) || !xt_plain_address6(v->daddr)) return XT_NOT_PLAIN;
    return xt_transport(v, ip + 40, end) ? XT_V6 : XT_NOT_PLAIN;
}

/* Sent to this host's own address (eth_type_trans: PACKET_HOST). */
static __always_inline int xt_for_this_host(xt_ctx* ctx, struct net_device* device, const __u8* eth) {
#ifdef XT_EARLY_XDP
    (void)ctx;
    __u64 own = xt_word(device->dev_addr); /* dev_addr points to 32 bytes */
    const __u8* bytes = (const __u8*)&own;
    return *(const __u32*)eth == *(const __u32*)bytes && *(const __u16*)(eth + 4) == *(const __u16*)(bytes + 4);
#else
    (void)device, (void)eth;
    return ctx->pkt_type == 0 && !ctx->vlan_present; /* PACKET_HOST */
#endif
}

/* Returns the family, or XT_NOT_PLAIN. `v` is all zero before. */
static __always_inline int xt_parse(xt_ctx* ctx, struct xt_view* v, struct net_device* device) {
    const __u8* eth = (const __u8*)(long)ctx->data;
    const __u8* end = (const __u8*)(long)ctx->data_end;
    __u16 protocol;

    if (eth + XT_ETH_HEADER + 20 > end) return XT_NOT_PLAIN;
    protocol = xt_load16(eth + 12);
    if (protocol != XT_ETH_IPV4 && protocol != XT_ETH_IPV6) return XT_NOT_PLAIN;
    if (!xt_for_this_host(ctx, device, eth)) return XT_NOT_PLAIN;
    v->mac_valid = 1;
    v->mac_src_hi = xt_load16(eth + 6);
    v->mac_src_lo = xt_load32(eth + 8);
    if (protocol == XT_ETH_IPV4) return xt_parse_ipv4(ctx, v, eth + XT_ETH_HEADER, end);
    return xt_parse_ipv6(ctx, v, eth + XT_ETH_HEADER, end);
}

#endif

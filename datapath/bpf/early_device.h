/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof, part 1: nothing between here and netfilter's PREROUTING would take, change or see the packet
 * (net/core/dev.c, __netif_receive_skb_core), and netfilter would see it as one packet of this length.
 */
#ifndef XTBPF_EARLY_DEVICE_H
#define XTBPF_EARLY_DEVICE_H

#include "datapath/bpf/early_context.h"

#define XT_MOST_LISTENERS 16

/* Whether a list of struct packet_type has one for `protocol` (network order): a DHCP client sees packets that INPUT drops. */
static __always_inline int xt_has_listener(__u64 head, __u16 protocol) {
    __u64 at = xt_word(head);

    for (int i = 0; i < XT_MOST_LISTENERS; i++) {
        if (at == head) return 0;
        if (xt_cast(at - xt_offset(struct packet_type, list), struct packet_type)->type == protocol) return 1;
        at = xt_word(at);
    }
    return 1;
}

static __always_inline int xt_list_empty(__u64 head) { return xt_word(head) == head; }

/* Packet sockets. Those for all protocols (tcpdump) see packets before tc does, but not before XDP. */
static __always_inline int xt_unobserved(struct net_device* device, struct net* net, __u16 protocol) {
    if (!bpf_core_field_exists(net->ptype_specific)) return 0; /* before Linux 6.16 they are in lists out of reach */
    if (xt_has_listener((__u64)net + xt_offset(struct net, ptype_specific), protocol)) return 0;
    if (xt_has_listener((__u64)device + xt_offset(struct net_device, ptype_specific), protocol)) return 0;
#ifdef XT_EARLY_XDP
    if (!xt_list_empty((__u64)net + xt_offset(struct net, ptype_all))) return 0;
    if (!xt_list_empty((__u64)device + xt_offset(struct net_device, ptype_all))) return 0;
#endif
    return 1;
}

#ifdef XT_EARLY_XDP

#define XT_VETH 0x68746576ULL /* "veth", and a zero byte */

/* What the driver may keep beside the frame: a VLAN tag that it took out; on veth, a whole skb. */
static __always_inline int xt_nothing_beside(xt_ctx* ctx, struct net_device* device) {
    const struct rtnl_link_ops* ops = device->rtnl_link_ops;
    struct sk_buff* skb;

    if (!ops || (xt_word(ops->kind) & 0xffffffffffULL) != XT_VETH) return !(device->features & config.vlan_strip);
    if (!bpf_core_type_exists(struct veth_xdp_buff) || !bpf_core_field_exists(struct sk_buff, vlan_all)) return 0;
    skb = xt_cast(xt_word((__u64)bpf_cast_to_kern_ctx(ctx) + xt_offset(struct veth_xdp_buff, skb)), struct sk_buff);
    return !skb || (!skb->vlan_all && !skb->mark && !skb->_nfct && !skb->_skb_refdst && !skb->active_extensions);
}

/* Nobody between XDP and netfilter: tc programs, nf_tables' ingress chains. */
static __always_inline int xt_nothing_between(struct net_device* device) {
    if (bpf_core_field_exists(device->tcx_ingress)) {
        if (device->tcx_ingress) return 0;
    } else if (!bpf_core_field_exists(device->miniq_ingress) || device->miniq_ingress) {
        return 0;
    }
    return xt_list_empty((__u64)device + xt_offset(struct net_device, adj_list.upper));
}

/* GRO merges segments to one before netfilter counts them (net/ipv4/tcp_offload.c, udp_offload.c). No part of xt_prove_device, whose
 * frame would come on top of the tuple's. */
__noinline int xt_prove_unmerged(xt_ctx* ctx, struct xt_view* v, int family) {
    struct net_device* device = xt_device(ctx);
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock* socket;
    __u32 size;

    if (!v) return 0;
    if (!(device->features & config.gro)) return 1;
    if (v->proto == XT_TCP) return v->l4_avail <= v->tcp_doff * 4u;
    if (v->proto == XT_ICMP || v->proto == XT_ICMPV6) return 1;
    if (v->proto != XT_UDP || (device->features & config.gro_udp)) return 0;
    /* Merged for sockets that ask for it, and for tunnels, which have one too. */
    if (family == XT_V4) {
        size = sizeof tuple.ipv4;
        tuple.ipv4.saddr = bpf_htonl(v->saddr[0]);
        tuple.ipv4.daddr = bpf_htonl(v->daddr[0]);
        tuple.ipv4.sport = bpf_htons(v->sport);
        tuple.ipv4.dport = bpf_htons(v->dport);
    } else {
        size = sizeof tuple.ipv6;
        for (int i = 0; i < 4; i++) {
            tuple.ipv6.saddr[i] = bpf_htonl(v->saddr[i]);
            tuple.ipv6.daddr[i] = bpf_htonl(v->daddr[i]);
        }
        tuple.ipv6.sport = bpf_htons(v->sport);
        tuple.ipv6.dport = bpf_htons(v->dport);
    }
    socket = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
    if (!socket) return 1;
    bpf_sk_release(socket);
    return 0;
}

static __always_inline int xt_place_is_plain(xt_ctx* ctx, struct net_device* device) {
    return xt_nothing_beside(ctx, device) && xt_nothing_between(device);
}

#else

/* At tc it is a packet already. */
static __always_inline int xt_prove_unmerged(xt_ctx* ctx, struct xt_view* v, int family) {
    (void)ctx, (void)v, (void)family;
    return 1;
}

/* A tunnel's or another filter's traces on the skb change what routing and conntrack make of it. */
static __always_inline int xt_place_is_plain(xt_ctx* ctx, struct net_device* device) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);

    (void)device;
    return !skb->_skb_refdst && !skb->_nfct && !skb->active_extensions;
}

#endif

__noinline int xt_prove_device(xt_ctx* ctx, struct xt_view* v, int family) {
    struct net_device* device = xt_device(ctx);
    struct net* net = device->nd_net.net;

    if (!v || net->net_cookie != config.netns_cookie || device->type != XT_ARPHRD_ETHER) return 0;
    if (device->rx_handler) return 0; /* bridge, bond, team, macvlan, ipvlan, Open vSwitch... */
    if (xt_bits(device, priv_flags) & bpf_core_enum_value(enum netdev_priv_flags, IFF_L3MDEV_SLAVE)) return 0;
    if (bpf_core_field_exists(device->dsa_ptr) && device->dsa_ptr) return 0;
    if (bpf_core_field_exists(device->nf_hooks_ingress) && device->nf_hooks_ingress) return 0;
    if (!xt_unobserved(device, net, family == XT_V4 ? bpf_htons(XT_ETH_IPV4) : bpf_htons(XT_ETH_IPV6))) return 0;
    return xt_place_is_plain(ctx, device);
}

#endif

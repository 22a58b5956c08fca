/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addrtype: what the kernel's tables say of an address. */
#ifndef XTBPF_NATIVE_ADDRESS_H
#define XTBPF_NATIVE_ADDRESS_H

#include "datapath/bpf/fib_walk.h"
#include "datapath/bpf/steps.h"

enum {
    XT_TABLE_LOCAL = 255, /* RT_TABLE_LOCAL */
    XT_MOST_IN_TABLE_BUCKET = 4,
    XT_IFF_LOOPBACK = 8,
    XT_TYPE_UNSPEC = 1, /* XT_ADDRTYPE_* of linux/netfilter/xt_addrtype.h */
    XT_TYPE_UNICAST = 2,
    XT_TYPE_LOCAL = 4,
    XT_TYPE_ANYCAST = 16,
    XT_TYPE_MULTICAST = 32,
    XT_TYPE_UNREACHABLE = 128,
};

/* fib_get_table (net/ipv4/fib_frontend.c); its hash has 256 buckets, or 2 where there is but one table of rules. */
static __always_inline __u64 xt_local_table(struct net* net) {
    __u64 table = xt_word((__u64)net->ipv4.fib_table_hash + sizeof(struct hlist_head) * XT_TABLE_LOCAL);

    for (int i = 0; i < XT_MOST_IN_TABLE_BUCKET && table; i++) {
        struct fib_table* one = xt_cast(table - xt_offset(struct fib_table, tb_hlist), struct fib_table);
        if (one->tb_id == XT_TABLE_LOCAL) return (__u64)one->tb_data;
        table = xt_word(table);
    }
    return 0;
}

/* The namespace that the hook was called with. */
static __always_inline struct net* xt_namespace(struct sk_buff* skb, struct xt_view* v) {
    struct net_device* device = xt_untrusted(skb)->dev;

    if (v->hook == XT_HOOK_OUTPUT) { /* the device may still be that of a tunnel */
        struct dst_entry* dst = xt_route_of(skb);
        device = dst ? dst->dev : 0;
    }
    return device ? device->nd_net.net : 0;
}

/* The whole search, in the table with this trie. */
static __always_inline void xt_fib_search(struct xt_fib_walk* walk, __u64 trie) {
    struct bpf_iter_num steps;

    xt_fib_start(walk, trie);
    bpf_iter_num_new(&steps, 0, XT_FIB_STEPS);
    while (bpf_iter_num_next(&steps))
        if (xt_fib_step(0, walk)) break;
    bpf_iter_num_destroy(&steps);
}

/* inet_dev_addr_type (net/ipv4/fib_frontend.c) without a device; XT_RTN_UNSPEC if it can't be told. */
static __always_inline __u32 xt_address_type4(struct net* net, __u32 address) {
    struct xt_fib_walk walk = {.key = address};
    __u64 trie;
    __u32 type;

    if (address >> 24 == 0 || address == 0xffffffff) return XT_RTN_BROADCAST;
    if (address >> 28 == 0xe) return XT_RTN_MULTICAST;
    trie = net && xt_steps_work() ? xt_local_table(net) : 0;
    if (!trie) return XT_RTN_UNSPEC;
    xt_fib_search(&walk, trie);
    /* Without a route, or with one that is an error (fib_props), it is taken for unicast. */
    if (walk.phase == XT_FIB_NONE) return XT_RTN_UNICAST;
    if (walk.phase != XT_FIB_FOUND) return XT_RTN_UNSPEC;
    type = xt_cast(walk.node, struct fib_alias)->fa_type;
    return type >= XT_RTN_BLACKHOLE ? XT_RTN_UNICAST : type;
}

/* match_type6 as far as it looks at the address alone (__ipv6_addr_type of net/ipv6/addrconf_core.c) */
static __always_inline int xt_address_type6(const __u32* address, __u32 types) {
    int any = !(address[0] | address[1] | address[2] | address[3]);
    int mapped = !(address[0] | address[1]) && address[2] == 0xffff;
    int multicast = address[0] >> 24 == 0xff;

    if (types & XT_TYPE_MULTICAST && !multicast) return XT_NO;
    if (types & XT_TYPE_UNICAST && (multicast || any || mapped)) return XT_NO;
    if (types & XT_TYPE_UNSPEC && !any) return XT_NO;
    return types & (XT_TYPE_LOCAL | XT_TYPE_ANYCAST | XT_TYPE_UNREACHABLE) ? XT_ASK : XT_YES;
}

/* addrtype_mt_v1 of net/netfilter/xt_addrtype.c, without --limit-iface-*; of the source or of the destination */
__noinline int rt_addrtype(struct __sk_buff* ctx, struct xt_view* v, __u64 source, __u64 types, __u64 invert) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    __u32 type;

    if (!v || xt_must_ask(ctx, v)) return XT_ASK;
    if (config.ipv6) {
        int holds = xt_address_type6(source ? v->saddr : v->daddr, (__u32)types);
        return holds == XT_ASK ? XT_ASK : holds != !!invert;
    }
    type = xt_address_type4(xt_namespace(skb, v), source ? v->saddr[0] : v->daddr[0]);
    if (type == XT_RTN_UNSPEC) return XT_ASK;
    return (types >> (type & 31) & 1) != !!invert;
}

/*
 * rpfilter_mt of net/ipv4/netfilter/ipt_rpfilter.c: a packet that came by the only device of a plain route to its source, where no
 * rules choose between tables (fib_lookup of include/net/ip_fib.h); others are the kernel's.
 */
__noinline int rt_rpfilter(struct __sk_buff* ctx, struct xt_view* v, __u64 invert, __u64 unused __attribute__((unused)),
                           __u64 unused2 __attribute__((unused))) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    struct net_device* device = xt_untrusted(skb)->dev;
    struct xt_fib_walk walk = {};
    struct fib_alias* alias;
    __u64 table;

    if (!v || xt_must_ask(ctx, v) || !device) return XT_ASK;
    if (ctx->pkt_type == XT_PACKET_LOOPBACK || device->flags & XT_IFF_LOOPBACK) return !invert;
    if (config.ipv6 || !xt_steps_work()) return XT_ASK;
    walk.key = v->saddr[0];
    table = (__u64)device->nd_net.net->ipv4.fib_main;
    if (!table || walk.key >> 24 == 0) return XT_ASK;
    if (bpf_core_field_exists(device->nd_net.net->ipv4.fib_has_custom_rules) &&
        device->nd_net.net->ipv4.fib_has_custom_rules)
        return XT_ASK;
    xt_fib_search(&walk, xt_word(table + xt_offset(struct fib_table, tb_data)));
    if (walk.phase != XT_FIB_FOUND) return XT_ASK;
    alias = xt_cast(walk.node, struct fib_alias);
    if (alias->fa_type != XT_RTN_UNICAST || alias->fa_info->fib_nh[0].nh_common.nhc_dev != device) return XT_ASK;
    return !invert;
}

#endif

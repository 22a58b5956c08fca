/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addrtype: what the kernel's tables say of an address. */
#ifndef XTBPF_NATIVE_ADDRESS_H
#define XTBPF_NATIVE_ADDRESS_H

#include "datapath/bpf/fib_walk.h"
#include "datapath/bpf/steps.h"

enum {
    XT_TABLE_LOCAL = 255, /* RT_TABLE_LOCAL */
    XT_MOST_IN_TABLE_BUCKET = 4,
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
    struct net_device* device = skb->dev;

    if (v->hook == XT_HOOK_OUTPUT) { /* the device may still be that of a tunnel */
        struct dst_entry* dst = xt_route_of(skb);
        device = dst ? dst->dev : 0;
    }
    return device ? device->nd_net.net : 0;
}

/* inet_dev_addr_type (net/ipv4/fib_frontend.c) without a device; XT_RTN_UNSPEC if it can't be told. */
static __always_inline __u32 xt_address_type4(struct net* net, __u32 address) {
    struct xt_fib_walk walk = {.key = address};
    struct bpf_iter_num steps;
    __u64 trie;
    __u32 type;

    if (address >> 24 == 0 || address == 0xffffffff) return XT_RTN_BROADCAST;
    if (address >> 28 == 0xe) return XT_RTN_MULTICAST;
    trie = net && xt_steps_work() ? xt_local_table(net) : 0;
    if (!trie) return XT_RTN_UNSPEC;
    xt_fib_start(&walk, trie);
    bpf_iter_num_new(&steps, 0, XT_FIB_STEPS);
    while (bpf_iter_num_next(&steps))
        if (xt_fib_step(0, &walk)) break;
    bpf_iter_num_destroy(&steps);
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

#endif

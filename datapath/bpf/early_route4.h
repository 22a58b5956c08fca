/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own IPv4 routes, read where they are: what fib_lookup() (net/ipv4/fib_frontend.c, fib_trie.c) would answer, for
 * the plain cases; anything else is unknown. bpf_fib_lookup() can't be asked on a host: it refuses where forwarding is off.
 */
#ifndef XTBPF_EARLY_ROUTE4_H
#define XTBPF_EARLY_ROUTE4_H

#include "datapath/bpf/early_context.h"
#include "datapath/bpf/fib_walk.h"

struct xt_route {
    __u64 device; /* struct net_device * of a unicast route's only next hop */
    __u32 type;   /* XT_RTN_*; XT_RTN_UNSPEC: unknown here, or no route */
};

/* The route to `address` (host order) in the namespace of the device, for packets without any policy routing. */
__noinline int xt_route4(xt_ctx* ctx, __u32 address, struct xt_route* route) {
    struct net* net = xt_device(ctx)->nd_net.net;
    struct xt_fib_walk walk = {.key = address};
    __u64 table = (__u64)net->ipv4.fib_main;
    struct fib_alias* alias;

    if (!route) return 0;
    route->type = XT_RTN_UNSPEC;
    if (!table || (bpf_core_field_exists(net->ipv4.fib_has_custom_rules) && net->ipv4.fib_has_custom_rules)) return 0;
    xt_fib_start(&walk, xt_word(table + xt_offset(struct fib_table, tb_data)));
    bpf_loop(XT_FIB_STEPS, xt_fib_step, &walk, 0);
    if (walk.phase != XT_FIB_FOUND) return 0;
    alias = xt_cast(walk.node, struct fib_alias);
    route->device = (__u64)alias->fa_info->fib_nh[0].nh_common.nhc_dev;
    route->type = alias->fa_type;
    return (int)route->type;
}

/* Indexes into ipv4_devconf.data (include/uapi/linux/ip.h, IPV4_DEVCONF_* - 1) */
enum { XT_CONF_FORWARDING = 0, XT_CONF_RP_FILTER = 7 };

/* Addresses that the stack takes for martians or treats apart: this network, loopback, multicast, class E, broadcast. */
static __always_inline int xt_ordinary4(__u32 address) {
    __u32 net = address >> 24;
    return net != 0 && net != 127 && net < 224;
}

#define XT_QUICK_ADDRESSES 4

/* A guess at little cost, to be proved before it has consequences: one of the device's first addresses. */
static __always_inline int xt_seems_local4(xt_ctx* ctx, struct xt_view* v) {
    struct in_device* in = xt_device(ctx)->ip_ptr;
    __be32 address = bpf_htonl(v->daddr[0]);
    struct in_ifaddr* own;

    if (!in) return 0;
    own = in->ifa_list;
    for (int i = 0; i < XT_QUICK_ADDRESSES && own; i++, own = own->ifa_next)
        if (own->ifa_local == address) return 1;
    return 0;
}

__noinline int xt_prove_local4(xt_ctx* ctx, struct xt_view* v) {
    struct xt_route route = {};
    return v && xt_route4(ctx, v->daddr[0], &route) == XT_RTN_LOCAL;
}

/* fib_validate_source(): a source with a unicast route over this device passes any reverse path filter. */
__noinline int xt_prove_source4(xt_ctx* ctx, struct xt_view* v) {
    struct net_device* device = xt_device(ctx);
    struct in_device* in = device->ip_ptr;
    struct xt_route route = {};
    int own, all;

    if (!v || !in || !xt_ordinary4(v->saddr[0]) || !xt_ordinary4(v->daddr[0])) return 0;
    if (xt_route4(ctx, v->saddr[0], &route) != XT_RTN_UNICAST) return 0;
    if (route.device == (__u64)device) return 1;
    all = device->nd_net.net->ipv4.devconf_all->data[XT_CONF_RP_FILTER];
    own = in->cnf.data[XT_CONF_RP_FILTER];
    if (own < all) own = all;
    return own == 0 || (own == 2 && in->ifa_list);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an IPv6 packet is for this host: its destination is a settled address of the device it came in by. */
#ifndef XTBPF_EARLY_ROUTE6_H
#define XTBPF_EARLY_ROUTE6_H

#include "datapath/bpf/early_context.h"

#define XT_MOST_ADDRESSES 32
#define XT_IFA_UNSETTLED (0x04 | 0x08 | 0x40) /* IFA_F_OPTIMISTIC, _DADFAILED, _TENTATIVE */

__noinline int xt_is_local6(xt_ctx* ctx, struct xt_view* v) {
    struct net_device* device = xt_device(ctx);
    struct inet6_dev* in = device->ip6_ptr;
    struct net* net = device->nd_net.net;
    __u64 high, low, head, at;

    if (!v || !in || in->cnf.disable_ipv6) return 0;
    if (bpf_core_field_exists(net->ipv6.fib6_has_custom_rules) && net->ipv6.fib6_has_custom_rules) return 0;
    high = (__u64)v->daddr[0] << 32 | v->daddr[1];
    low = (__u64)v->daddr[2] << 32 | v->daddr[3];
    head = (__u64)in + xt_offset(struct inet6_dev, addr_list);
    at = xt_word(head);
    for (int i = 0; i < XT_MOST_ADDRESSES; i++) {
        struct inet6_ifaddr* own;
        __u64 address;
        if (at == head) return 0;
        own = xt_cast(at - xt_offset(struct inet6_ifaddr, if_list), struct inet6_ifaddr);
        address = (__u64)own + xt_offset(struct inet6_ifaddr, addr);
        if (bpf_be64_to_cpu(xt_word(address)) == high && bpf_be64_to_cpu(xt_word(address + 8)) == low)
            /* Its route in the local table must be there too. */
            return !(own->flags & XT_IFA_UNSETTLED) && own->rt && own->rt->fib6_node;
        at = xt_word(at);
    }
    return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof, part 4: an IPv4 packet that the routes send on does reach FORWARD: ip_forward() (net/ipv4/ip_forward.c) has nothing
 * against it before the hook: TTL, size, IPsec policies, no redirect to send; and bpf_fib_lookup() says the same out-interface.
 */
#ifndef XTBPF_EARLY_FORWARD_H
#define XTBPF_EARLY_FORWARD_H

#include "datapath/bpf/early_route4.h"

enum { XT_XFRM_OUT = 1, XT_XFRM_FWD = 2, XT_XFRM_BLOCK = 1, XT_AF_INET = 2 };

static __always_inline void xt_name(__u8* to, const struct net_device* device) {
    const __u64* name = (const __u64*)device->name;
    ((__u64*)to)[0] = name[0];
    ((__u64*)to)[1] = name[1];
}

/* Whether the device forwards to the route's next hop; then the view is the one of the FORWARD hook. */
static __always_inline int xt_enter_forward(xt_ctx* ctx, struct xt_view* v, const struct xt_route* route) {
    struct net_device* device = xt_device(ctx);
    struct in_device* in = device->ip_ptr;

    if (route->type != XT_RTN_UNICAST || !route->device || route->device == (__u64)device) return 0;
    if (!in || !in->cnf.data[XT_CONF_FORWARDING] || v->ttl <= 1) return 0;
    xt_name(v->out_name, xt_cast(route->device, struct net_device));
    v->ttl--;
    return 1;
}

__noinline int xt_prove_forward(xt_ctx* ctx, struct xt_view* v, __u64 out) {
    struct net_device* device = xt_device(ctx);
    struct net* net = device->nd_net.net;
    struct bpf_fib_lookup route = {.family = XT_AF_INET};
    long answer;

    if (!v) return 0;
    if (bpf_core_field_exists(net->xfrm) &&
        (net->xfrm.policy_count[XT_XFRM_OUT] || net->xfrm.policy_count[XT_XFRM_FWD] ||
         net->xfrm.policy_default[XT_XFRM_OUT] == XT_XFRM_BLOCK ||
         net->xfrm.policy_default[XT_XFRM_FWD] == XT_XFRM_BLOCK))
        return 0;
#ifndef XT_EARLY_XDP
    if (ctx->gso_size) return 0;
#endif
    route.ifindex = (__u32)device->ifindex;
    route.l4_protocol = v->proto;
    route.tot_len = (__u16)v->len;
    route.tos = v->tos;
    route.ipv4_src = bpf_htonl(v->saddr[0]);
    route.ipv4_dst = bpf_htonl(v->daddr[0]);
    answer = bpf_fib_lookup(ctx, &route, sizeof route, 0);
    if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH) return 0;
    return route.ifindex == (__u32)xt_cast(out, struct net_device)->ifindex;
}

#endif

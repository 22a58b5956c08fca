/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that aren't in the view: the kernel is asked for them when a test gets there. Numbers as ir::lazy_number gives them. */
#ifndef XTBPF_LAZY_H
#define XTBPF_LAZY_H

enum {
    XT_LAZY_CPU = 0,
    XT_LAZY_RANDOM = 1,
    XT_LAZY_REALM = 2,
    XT_LAZY_IN_GROUP = 3,
    XT_LAZY_OUT_GROUP = 4,
    XT_LAZY_FULL_SOCKET = 5,
    XT_LAZY_SOCKET_CLASS = 6,
};

static __always_inline struct dst_entry* xt_route_of(struct sk_buff* skb) {
    unsigned long route = skb->_skb_refdst & ~1UL; /* SKB_DST_NOREF */
    return route ? xt_cast(route, struct dst_entry) : 0;
}

/* devgroup_mt of net/netfilter/xt_devgroup.c; which device is the in-device: see xt_device_names. */
static __always_inline __u32 xt_device_group(struct sk_buff* skb, int in, __u32 out) {
    struct net_device* device = in ? xt_untrusted(skb)->dev : 0;
    struct dst_entry* dst = xt_route_of(skb);

    if (dst && (!in || dst->flags & XT_DST_FAKE_RTABLE)) device = dst->dev;
    if (!in && device && out) device = xt_device_by_index(device->nd_net.net, (int)out);
    return device ? (__u32)device->group : 0;
}

/* cgroup_mt_v2 of net/netfilter/xt_cgroup.c: sk_fullsock, and the socket of another namespace doesn't count. */
static __always_inline struct sock* xt_full_socket(struct sk_buff* skb) {
    struct sock* sk = xt_untrusted(skb)->sk;
    struct net_device* device = xt_untrusted(skb)->dev;
    struct dst_entry* dst = xt_route_of(skb);

    if (!sk || sk->__sk_common.skc_state == XT_TCP_TIME_WAIT || sk->__sk_common.skc_state == XT_TCP_NEW_SYN_RECV)
        return 0;
    if (!device && dst) device = dst->dev;
    if (device && device->nd_net.net != sk->__sk_common.skc_net.net) return 0;
    return sk;
}

__noinline __u32 rt_lazy_field(struct __sk_buff* ctx, struct xt_view* v, __u32 field) {
    struct sk_buff* skb;
    struct dst_entry* dst;
    struct sock* sk;

    if (!v || v->mode == XT_MODE_DRY) return 0;
    if (field == XT_LAZY_CPU) return bpf_get_smp_processor_id();
    if (field == XT_LAZY_RANDOM) return bpf_get_prandom_u32();
    skb = bpf_cast_to_kern_ctx(ctx);
    switch (field) {
    case XT_LAZY_REALM: dst = xt_route_of(skb); return dst && bpf_core_field_exists(dst->tclassid) ? dst->tclassid : 0;
    case XT_LAZY_IN_GROUP: return xt_device_group(skb, 1, 0);
    case XT_LAZY_OUT_GROUP: return xt_device_group(skb, 0, xt_asked_out(ctx, v));
    case XT_LAZY_FULL_SOCKET: return xt_full_socket(skb) != 0;
    case XT_LAZY_SOCKET_CLASS:
        sk = xt_full_socket(skb);
        return sk && bpf_core_field_exists(sk->sk_cgrp_data.classid) ? sk->sk_cgrp_data.classid : 0;
    default: return 0;
    }
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the two places the early stage is compiled for: XT_EARLY_XDP defined, a frame before it has an skb;
 * not defined, an skb at the end of tc ingress.
 */
#ifndef XTBPF_EARLY_CONTEXT_H
#define XTBPF_EARLY_CONTEXT_H

#include "datapath/bpf/early_config.h"
#include "datapath/bpf/early_kernel.h"
#include "translator/view.h"

enum {
    XT_ETH_HEADER = 14,
    XT_ETH_IPV4 = 0x0800,
    XT_ETH_IPV6 = 0x86dd,
    XT_TCP = 6,
    XT_UDP = 17,
    XT_ICMP = 1,
    XT_ICMPV6 = 58,
    XT_ARPHRD_ETHER = 1,
};

enum xt_family { XT_V4, XT_V6 };

const volatile struct xt_early_config config = {};

#ifdef XT_EARLY_XDP

typedef struct xdp_md xt_ctx;
#define XT_PASS XDP_PASS
#define XT_SHOT XDP_DROP

static __always_inline struct net_device* xt_device(xt_ctx* ctx) {
    struct xdp_buff* frame = bpf_cast_to_kern_ctx(ctx);
    return xt_untrusted(frame)->rxq->dev;
}

static __always_inline __u32 xt_frame_length(xt_ctx* ctx) { return (__u32)bpf_xdp_get_buff_len(ctx); }

#else

typedef struct __sk_buff xt_ctx;
#define XT_PASS (-1) /* TC_ACT_UNSPEC */
#define XT_SHOT 2    /* TC_ACT_SHOT */

static __always_inline struct net_device* xt_device(xt_ctx* ctx) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    return xt_untrusted(skb)->dev;
}

static __always_inline __u32 xt_frame_length(xt_ctx* ctx) { return ctx->len; }

#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The early stage: one program per device, at native XDP or at the end of tc ingress. It walks the chains that the packet
 * would meet in netfilter, up to its local delivery or forwarding, and drops it here only if that is provably what would
 * happen there, counting every rule on the way; otherwise it leaves the packet alone, uncounted, for the exact stage.
 * docs/adr/0002-early-stage.md says what is proved and why in this order.
 *
 * Compiled twice: early_xdp.bpf.c, early_tc.bpf.c. The loader replaces the empty functions xt_v4_* and xt_v6_* by generated
 * code, which records the slots of the rules that match (XT_MODE_RECORD), and answers XT_DEFER where it would need something
 * that only netfilter knows.
 */
#ifndef XTBPF_EARLY_H
#define XTBPF_EARLY_H

#include "datapath/bpf/early_context.h"
#include "datapath/bpf/early_conntrack.h"
#include "datapath/bpf/early_counters.h"
#include "datapath/bpf/early_device.h"
#include "datapath/bpf/early_hooks.h"
#include "datapath/bpf/early_packet.h"
#include "datapath/bpf/early_route4.h"
#include "datapath/bpf/early_route6.h"
#include "datapath/bpf/early_forward.h"
#include "datapath/bpf/early_dry.h"

/* The switch: user space turns it off before it changes the rules, so that none are enforced here that aren't there. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} xt_early_on SEC(".maps");

static __always_inline int xt_is_on(void) {
    __u32 key = 0;
    __u32* on = bpf_map_lookup_elem(&xt_early_on, &key);
    return on && *on;
}

/* Called by generated code. */
__noinline int rt_count(struct xt_view* v, __u32 slot) {
    if (!v) return 0;
    if (v->path_len < XT_VIEW_PATH) {
        v->path[v->path_len] = slot;
        v->path_len++;
    } else {
        v->path_len = XT_VIEW_PATH + 1;
    }
    return 0;
}

/* The rules' TCP options lie in the frame; the function is the exact stage's. */
#ifdef XT_EARLY_XDP
#define xt_load bpf_xdp_load_bytes
#define __sk_buff xdp_md
#include "datapath/bpf/tcp_option.h"
#undef __sk_buff
#else
#define xt_load bpf_skb_load_bytes
#include "datapath/bpf/tcp_option.h"
#endif

/* Stand for generated code; the calls keep the functions that it calls in the object, and the compiler must not know what
 * is returned. */
#define XT_EMPTY_CHAIN(name)                                                                                           \
    __noinline int name(xt_ctx* ctx, struct xt_view* v) {                                                              \
        int verdict = XT_ACCEPT;                                                                                       \
        rt_count(v, 0);                                                                                                \
        rt_tcp_option(ctx, v, 0);                                                                                      \
        asm volatile("" : "+r"(verdict));                                                                              \
        return verdict;                                                                                                \
    }
#define XT_EMPTY_CHAINS(family)                                                                                        \
    XT_EMPTY_CHAIN(xt_##family##_raw_prerouting)                                                                       \
    XT_EMPTY_CHAIN(xt_##family##_mangle_prerouting)                                                                    \
    XT_EMPTY_CHAIN(xt_##family##_mangle_input)                                                                         \
    XT_EMPTY_CHAIN(xt_##family##_filter_input)                                                                         \
    XT_EMPTY_CHAIN(xt_##family##_security_input)                                                                       \
    XT_EMPTY_CHAIN(xt_##family##_mangle_forward)                                                                       \
    XT_EMPTY_CHAIN(xt_##family##_filter_forward)                                                                       \
    XT_EMPTY_CHAIN(xt_##family##_security_forward)
XT_EMPTY_CHAINS(v4)
XT_EMPTY_CHAINS(v6)

#define XT_RUN(name) (family == XT_V4 ? xt_v4_##name(ctx, v) : xt_v6_##name(ctx, v))

#define XT_BIT(chain) (1 << (chain))
#define XT_INPUT_CHAINS                                                                                                \
    (XT_BIT(XT_EARLY_MANGLE_INPUT) | XT_BIT(XT_EARLY_FILTER_INPUT) | XT_BIT(XT_EARLY_SECURITY_INPUT))
#define XT_FORWARD_CHAINS                                                                                              \
    (XT_BIT(XT_EARLY_MANGLE_FORWARD) | XT_BIT(XT_EARLY_FILTER_FORWARD) | XT_BIT(XT_EARLY_SECURITY_FORWARD))
#define XT_LINKED(chains) (config.linked[family] & (chains))

/* Runs one chain; leaves the function unless the packet goes on from it. */
#define XT_CHAIN(chain, name)                                                                                          \
    if (XT_LINKED(XT_BIT(chain))) {                                                                                    \
        int verdict = XT_RUN(name);                                                                                    \
        if (verdict == XT_DROP) return (chain);                                                                        \
        if (verdict != XT_ACCEPT) return XT_EARLY_CHAINS;                                                              \
    }

/* Which of the two ways the packet takes behind PREROUTING, if a chain there may drop it. */
static __always_inline enum xt_way xt_way_of(xt_ctx* ctx, struct xt_view* v, int family, struct xt_route* route) {
    if (family == XT_V6) return XT_LINKED(XT_INPUT_CHAINS) && xt_is_local6(ctx, v) ? XT_WAY_INPUT : XT_WAY_UNKNOWN;
    if (!XT_LINKED(XT_INPUT_CHAINS | XT_FORWARD_CHAINS)) return XT_WAY_UNKNOWN;
    if (xt_seems_local4(ctx, v) || xt_route4(ctx, v->daddr[0], route) == XT_RTN_LOCAL)
        return XT_LINKED(XT_INPUT_CHAINS) ? XT_WAY_INPUT : XT_WAY_UNKNOWN;
    return XT_LINKED(XT_FORWARD_CHAINS) && xt_enter_forward(ctx, v, route) ? XT_WAY_FORWARD : XT_WAY_UNKNOWN;
}

/* The chain that drops the packet, or XT_EARLY_CHAINS: none, or it isn't known here. `way`: of a dry run, or XT_WAY_ASK. */
static __always_inline int xt_walk(xt_ctx* ctx, struct xt_view* v, int family, struct xt_route* route,
                                   struct xt_ends* ends, __u32 way) {
    XT_CHAIN(XT_EARLY_RAW_PREROUTING, raw_prerouting)
    ends->raw = v->path_len;
    XT_CHAIN(XT_EARLY_MANGLE_PREROUTING, mangle_prerouting)
    if (way == XT_WAY_ASK)
        way = xt_way_of(ctx, v, family, route);
    else if (way == XT_WAY_FORWARD && !xt_dry_forward(ctx, v))
        return XT_EARLY_CHAINS;
    if (way == XT_WAY_INPUT) {
        XT_CHAIN(XT_EARLY_MANGLE_INPUT, mangle_input)
        ends->mangle = v->path_len;
        XT_CHAIN(XT_EARLY_FILTER_INPUT, filter_input)
        ends->filter = v->path_len;
        XT_CHAIN(XT_EARLY_SECURITY_INPUT, security_input)
    } else if (way == XT_WAY_FORWARD) {
        XT_CHAIN(XT_EARLY_MANGLE_FORWARD, mangle_forward)
        ends->mangle = v->path_len;
        XT_CHAIN(XT_EARLY_FILTER_FORWARD, filter_forward)
        ends->filter = v->path_len;
        XT_CHAIN(XT_EARLY_SECURITY_FORWARD, security_forward)
    }
    return XT_EARLY_CHAINS;
}

static __always_inline int xt_priority(int chain) {
    if (chain == XT_EARLY_RAW_PREROUTING) return XT_PRIORITY_RAW;
    if (chain == XT_EARLY_FILTER_INPUT || chain == XT_EARLY_FILTER_FORWARD) return XT_PRIORITY_FILTER;
    if (chain == XT_EARLY_SECURITY_INPUT || chain == XT_EARLY_SECURITY_FORWARD) return XT_PRIORITY_SECURITY;
    return XT_PRIORITY_MANGLE;
}

/* Whether the packet would certainly come to `chain` in netfilter as it came here. */
static __always_inline int xt_prove(xt_ctx* ctx, struct xt_view* v, int family, int chain,
                                    const struct xt_route* route) {
    int in_prerouting = chain <= XT_EARLY_MANGLE_PREROUTING;
    int priority = xt_priority(chain);
    int conntrack;

    if (v->path_len > XT_VIEW_PATH || !xt_prove_device(ctx, v, family) || !xt_prove_unmerged(ctx, v, family)) return 0;
    conntrack = xt_prove_hooks(ctx, family, XT_PREROUTING, in_prerouting ? priority : XT_PRIORITY_NONE);
    if (conntrack == XT_HOOKS_FOREIGN) return 0;
    if (conntrack && !xt_prove_unknown_connection(ctx, v, family)) return 0;
    if (in_prerouting) return 1;
    if (chain <= XT_EARLY_SECURITY_INPUT) {
        if (xt_prove_hooks(ctx, family, XT_INPUT, priority) == XT_HOOKS_FOREIGN) return 0;
        return family == XT_V6 || (xt_prove_local4(ctx, v) && xt_prove_source4(ctx, v));
    }
    if (xt_prove_hooks(ctx, family, XT_FORWARD, priority) == XT_HOOKS_FOREIGN) return 0;
    return xt_prove_source4(ctx, v) && xt_prove_forward(ctx, v, route->device);
}

static __always_inline int xt_early(xt_ctx* ctx) {
    struct net_device* device = xt_device(ctx);
    struct xt_ends ends = {0xff, 0xff, 0xff};
    struct xt_view view = {};
    struct xt_view* v = &view;
    struct xt_route route = {};
    __u32 way = XT_WAY_ASK;
    int family, chain;

    if (!xt_is_on()) return XT_PASS;
    family = xt_parse(ctx, v, device);
    if (family == XT_NOT_PLAIN) {
        family = xt_dry_view(ctx, v, &way);
        if (family == XT_NOT_PLAIN) return XT_PASS;
        v->packet_off = XT_DRY_BYTES;
    } else {
        v->packet_off = XT_ETH_HEADER;
        xt_name(v->in_name, device);
#ifndef XT_EARLY_XDP
        v->mark = ctx->mark;
#endif
    }
    v->mode = XT_MODE_RECORD;
    if (family == XT_V4) {
        chain = xt_walk(ctx, v, XT_V4, &route, &ends, way);
        if (way != XT_WAY_ASK) return xt_dry_answer(ctx, v, chain, &ends);
        if (chain == XT_EARLY_CHAINS || !xt_prove(ctx, v, XT_V4, chain, &route)) return XT_PASS;
    } else {
        chain = xt_walk(ctx, v, XT_V6, &route, &ends, way);
        if (way != XT_WAY_ASK) return xt_dry_answer(ctx, v, chain, &ends);
        if (chain == XT_EARLY_CHAINS || !xt_prove(ctx, v, XT_V6, chain, &route)) return XT_PASS;
    }
    xt_count_path(v, family, &ends);
    return XT_SHOT;
}

char _license[] SEC("license") = "GPL";

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dry run of the early stage (translator/dry_run.h): the rules are walked with a view that BPF_PROG_TEST_RUN brings, the way
 * behind PREROUTING is given, nothing is proved and nothing counted. The packet is left alone whatever comes out, so a frame
 * that looked like a question would merely be decided by the exact stage.
 */
#ifndef XTBPF_EARLY_DRY_H
#define XTBPF_EARLY_DRY_H

#include "datapath/bpf/early_counters.h"
#include "datapath/bpf/early_packet.h"
#include "translator/dry_run.h"

enum xt_way { XT_WAY_INPUT, XT_WAY_FORWARD, XT_WAY_UNKNOWN, XT_WAY_ASK };

/* Where the bytes of a packet would be that is given as a view; there are none. */
#define XT_DRY_BYTES (XT_ETH_HEADER + sizeof(struct xt_view))

#ifdef XT_EARLY_XDP

/* In the metadata before the frame, which no driver makes. */
static __always_inline struct xt_early_question* xt_question(xt_ctx* ctx) {
    struct xt_early_question* question = (void*)(long)ctx->data_meta;
    if ((void*)(question + 1) > (void*)(long)ctx->data || question->magic != XT_DRY_RUN_VIEW) return 0;
    return question;
}
#define xt_load_dry bpf_xdp_load_bytes

#else

/* In the control buffer, where what GRO has left may stand in a real packet. */
static __always_inline struct __sk_buff* xt_question(xt_ctx* ctx) { return ctx->cb[0] == XT_DRY_RUN_VIEW ? ctx : 0; }
#define xt_load_dry bpf_skb_load_bytes

#endif

/* Returns the family, or XT_NOT_PLAIN: it is no dry run. */
static __always_inline int xt_dry_view(xt_ctx* ctx, struct xt_view* v, __u32* way) {
    __u32 family;
#ifdef XT_EARLY_XDP
    struct xt_early_question* question = xt_question(ctx);
    if (!question) return XT_NOT_PLAIN;
    family = question->family;
    *way = question->way;
#else
    if (!xt_question(ctx)) return XT_NOT_PLAIN;
    family = ctx->cb[1];
    *way = ctx->cb[2];
#endif
    if (xt_device(ctx)->nd_net.net->net_cookie != config.netns_cookie) return XT_NOT_PLAIN;
    if (family > XT_V6 || *way > XT_WAY_FORWARD) return XT_NOT_PLAIN;
    if (xt_load_dry(ctx, XT_ETH_HEADER, v, sizeof *v)) return XT_NOT_PLAIN;
    v->path_len = 0;
    __builtin_memset(v->out_name, 0, sizeof v->out_name);
    return (int)family;
}

/* As xt_enter_forward: the out-interface and the TTL are FORWARD's from here on. */
static __always_inline int xt_dry_forward(xt_ctx* ctx, struct xt_view* v) {
    if (v->ttl <= 1) return 0;
    v->ttl--;
    return !xt_load_dry(ctx, XT_ETH_HEADER + __builtin_offsetof(struct xt_view, out_name), v->out_name,
                        sizeof v->out_name);
}

/* A function of its own: what the verifier has learnt of the walk would multiply with what it learns of the steps. */
__noinline __u32 xt_dry_path(struct xt_view* v, __u32 hash) {
    if (!v) return 0;
#pragma unroll
    for (__u32 step = 0; step < XT_VIEW_PATH; step++)
        if (step < v->path_len) hash = xt_path_mix(hash, v->path[step]);
    return hash;
}

static __always_inline int xt_dry_answer(xt_ctx* ctx, struct xt_view* v, int chain, const struct xt_ends* ends) {
    __u32 answer = XT_EARLY_PASSES, hash = 0;

    if (chain != XT_EARLY_CHAINS && v->path_len <= XT_VIEW_PATH) {
        answer = XT_EARLY_DROPS;
        hash = xt_dry_path(v, xt_early_way((__u32)chain, ends->raw, ends->mangle, ends->filter));
    }
#ifdef XT_EARLY_XDP
    struct xt_early_question* question = xt_question(ctx);
    if (!question) return XT_PASS;
    question->magic = answer;
    question->family = hash;
#else
    ctx->cb[0] = answer;
    ctx->cb[1] = hash;
#endif
    return XT_PASS;
}

#endif

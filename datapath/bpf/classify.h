/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through images (translator/classify) in BPF: what generated code calls where chains are data. The includer defines rt_count,
 * rt_effect, rt_pause and `config`. The loader gives the map its image, and config.image_bytes its size: a constant to the
 * verifier.
 */
#ifndef XTBPF_CLASSIFY_H
#define XTBPF_CLASSIFY_H

/* Stands for generated code that evaluates what is left of the rule with guard v->callee; its answer as in XT_WALK_GUARD. */
__noinline int guards(struct __sk_buff* ctx, struct xt_view* v) {
    int answer = XT_DROP;
    asm volatile("" : "+r"(answer) : "r"(ctx), "r"(v)); /* else clang would take the answer for a constant */
    return answer;
}

#define XT_WALK_COUNT(view, slot) rt_count(view, slot)
#define XT_WALK_GUARD(walk, number) xt_ask_guard(walk, number)
#define XT_WALK_EFFECT(walk, number) rt_effect((walk)->context, (walk)->view, number)
#define XT_WALK_PAUSE(walk) rt_pause((walk)->view, XT_NO_NEED, XT_SITE_BEHIND)
#define XT_WALK_BOUND(walk) (config.image_bytes - XT_IMAGE_SLACK)
#define XT_WALK_V6(walk) config.ipv6
#define xt_ask_guard(walk, number) ((walk)->view->callee = (__u16)(number), guards((walk)->context, (walk)->view))
#include "translator/classify/walk.h"

/* One value, the image. A value's size is a 32-bit number, and the verifier takes offsets up to 512 MiB into it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 4096);
    __uint(map_flags, BPF_F_MMAPABLE); /* commands edit it (classify/room.hpp) */
} xt_image SEC(".maps");

/* Steps that need no loop of the kernel's; a long list or a long way takes more. */
#define XT_FEW_WALK_STEPS 48
/* The kernel's limit. Only a chain of more rules that all match could reach it; it is dropped then. */
#define XT_MOST_WALK_STEPS (1 << 23)

static __always_inline int xt_walk_prepare(struct xt_walk* w, struct __sk_buff* ctx, struct xt_view* v,
                                           struct xt_walk_state* state) {
    __u32 zero = 0;

    w->context = ctx;
    w->view = v;
    w->state = state;
    w->image = bpf_map_lookup_elem(&xt_image, &zero);
    return !w->image;
}

/* A global function: the verifier goes through it once, not once per step and state. Returns 1 once state->result is known. */
__noinline int rt_walk_step(struct __sk_buff* ctx, struct xt_view* v, struct xt_walk_state* state) {
    struct xt_walk w;

    if (!v || !state || xt_walk_prepare(&w, ctx, v, state)) return 1;
    return xt_walk_step(&w) != 0;
}

struct xt_walk_frame {
    struct __sk_buff* ctx;
    struct xt_view* view;
    struct xt_walk_state state;
};

static long xt_walk_one(__u32 index __attribute__((unused)), struct xt_walk_frame* frame) {
    return rt_walk_step(frame->ctx, frame->view, &frame->state) ? 1 : 0;
}

/* Runs the built-in chain of v->hook, or what is left of it where the traversal has stopped, to its verdict. */
__noinline int rt_image(struct __sk_buff* ctx, struct xt_view* v) {
    struct xt_walk_frame frame = {.ctx = ctx, .view = v, .state = {.result = XT_WALK_HOTDROP}};
    struct xt_walk w;

    if (!v || xt_walk_prepare(&w, ctx, v, &frame.state)) return XT_DROP;
    if (!xt_walk_start(&w)) {
        int i;
        for (i = 0; i < XT_FEW_WALK_STEPS; i++)
            if (rt_walk_step(ctx, v, &frame.state)) break;
        if (i == XT_FEW_WALK_STEPS) bpf_loop(XT_MOST_WALK_STEPS, xt_walk_one, &frame, 0);
    }
    return frame.state.result == XT_WALK_HOTDROP ? XT_DROP : frame.state.result;
}

#endif

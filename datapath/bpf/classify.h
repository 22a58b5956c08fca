/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through images (translator/classify) in BPF: what generated code calls where chains are data. The includer defines rt_count,
 * rt_effect, rt_pause and `config`. The loader gives the map its image, and config.image_bytes its size: a constant to the
 * verifier.
 */
#ifndef XTBPF_CLASSIFY_H
#define XTBPF_CLASSIFY_H

#include "datapath/bpf/steps.h"

/* Stands for generated code that evaluates what is left of the rule with guard v->callee; its answer as in xt_walk_answer. */
__noinline int guards(struct __sk_buff* ctx, struct xt_view* v) {
    int answer = XT_DROP;
    asm volatile("" : "+r"(answer) : "r"(ctx), "r"(v)); /* else clang would take the answer for a constant */
    return answer;
}

/* Parts of the walk as functions of their own: they are called from several places. */
struct xt_walk_state;
__noinline int rt_walk_enter(struct xt_view* v, struct xt_walk_state* state);
__noinline int rt_walk_died(struct xt_view* v, struct xt_walk_state* state);

#define XT_WALK_COUNT(view, slot) xt_count(view, slot)
#define XT_WALK_EFFECT(walk, number) rt_effect((walk)->context, (walk)->view, number)
#define XT_WALK_PAUSE(walk) rt_pause((walk)->view, XT_NO_NEED, XT_SITE_BEHIND)
#define XT_WALK_CALL(walk, part) rt_walk_##part((walk)->view, (walk)->state)
#define XT_WALK_BOUND(walk) (config.image_bytes - XT_IMAGE_SLACK)
#define XT_WALK_V6(walk) config.ipv6
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
#define XT_FEW_WALK_STEPS 24
/* Only a chain of more rules that all match could reach it; it is dropped then. */
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

/* Global functions: the verifier goes through them once, not once per step and state. */
#define XT_WALK_PART(part)                                                                                             \
    __noinline int rt_walk_##part(struct xt_view* v, struct xt_walk_state* state) {                                    \
        struct xt_walk w;                                                                                              \
                                                                                                                       \
        if (!v || !state || xt_walk_prepare(&w, 0, v, state)) return XT_WALK_DONE;                                     \
        return xt_walk_##part(&w);                                                                                     \
    }
XT_WALK_PART(enter)
XT_WALK_PART(died)
XT_WALK_PART(examine)
XT_WALK_PART(edit)

__noinline int rt_walk_step(struct __sk_buff* ctx, struct xt_view* v, struct xt_walk_state* state) {
    struct xt_walk w;

    if (!v || !state || xt_walk_prepare(&w, ctx, v, state)) return XT_WALK_DONE;
    return xt_walk_step(&w);
}

/* What the walk said last, done; what it says now. */
static __always_inline int xt_walk_on(struct xt_walk* w, int says) {
    if (says == XT_WALK_ASK) return xt_walk_answer(w, guards(w->context, w->view));
    if (says == XT_WALK_EXAMINE) return rt_walk_examine(w->view, w->state);
    if (says == XT_WALK_EDIT) return rt_walk_edit(w->view, w->state);
    return rt_walk_step(w->context, w->view, w->state);
}

/* Runs the built-in chain of v->hook, or what is left of it where the traversal has stopped, to its verdict. The kernel's iterator
 * instead of bpf_loop, whose callback would take a frame of the little stack there is. */
__noinline int rt_image(struct __sk_buff* ctx, struct xt_view* v) {
    struct xt_walk_state state = {.result = XT_WALK_HOTDROP};
    struct bpf_iter_num steps;
    struct xt_walk w;
    int says, i;

    if (!v || xt_walk_prepare(&w, ctx, v, &state)) return XT_DROP;
    says = xt_walk_start(&w);
    for (i = 0; i < XT_FEW_WALK_STEPS && says != XT_WALK_DONE; i++)
        says = xt_walk_on(&w, says);
    if (says != XT_WALK_DONE) {
        bpf_iter_num_new(&steps, 0, XT_MOST_WALK_STEPS);
        while (says != XT_WALK_DONE && bpf_iter_num_next(&steps))
            says = xt_walk_on(&w, says);
        bpf_iter_num_destroy(&steps);
    }
    return state.result == XT_WALK_HOTDROP ? XT_DROP : state.result;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through images (translator/classify) in BPF: the functions that generated code calls for chains that are data. The includer
 * defines rt_count and `config`. The loader gives the map its image, and config.image_bytes its size: a constant to the verifier.
 */
#ifndef XTBPF_CLASSIFY_H
#define XTBPF_CLASSIFY_H

int rt_count(struct xt_view* v, __u32 slot);

#define XT_WALK_COUNT(view, slot) rt_count(view, slot)
#define XT_WALK_BOUND(walk) (config.image_bytes - XT_IMAGE_SLACK)
#define XT_WALK_V6(walk) config.ipv6
#include "translator/classify/walk.h"

/* One value, the image. A value's size is a 32-bit number, and the verifier takes offsets up to 512 MiB into it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 4096);
} xt_image SEC(".maps");

/* Steps that need no loop of the kernel's; a long list or a long way takes more. */
#define XT_FEW_WALK_STEPS 48
/* The kernel's limit. Only a chain of more rules that all match could reach it; it is dropped then. */
#define XT_MOST_WALK_STEPS (1 << 23)

static __always_inline int xt_walk_prepare(struct xt_walk* w, struct xt_view* v, struct xt_place* place,
                                           struct xt_walk_state* state) {
    __u32 zero = 0;

    w->view = v;
    w->place = place;
    w->state = state;
    w->image = bpf_map_lookup_elem(&xt_image, &zero);
    return !w->image;
}

/* A global function: the verifier goes through it once, not once per step and state. Returns 1 once state->result is known. */
__noinline int rt_walk_step(struct xt_view* v, struct xt_place* place, struct xt_walk_state* state) {
    struct xt_walk w;

    if (!v || !place || !state || xt_walk_prepare(&w, v, place, state)) return 1;
    return xt_walk_step(&w) != 0;
}

struct xt_walk_frame {
    struct xt_view* view;
    struct xt_place* place;
    struct xt_walk_state state;
};

static long xt_walk_one(__u32 index __attribute__((unused)), struct xt_walk_frame* frame) {
    return rt_walk_step(frame->view, frame->place, &frame->state) ? 1 : 0;
}

static __always_inline int xt_walk_run(struct xt_view* v, struct xt_place* place, __u32 chain, __u32 from, int resume) {
    struct xt_walk_frame frame = {.view = v, .place = place, .state = {.result = XT_WALK_HOTDROP}};
    struct xt_walk w;

    if (!v || !place || xt_walk_prepare(&w, v, place, &frame.state)) return XT_WALK_HOTDROP;
    if (resume ? xt_walk_resume(&w, (int)from) : xt_walk_start(&w, chain, from)) return frame.state.result;
    for (int i = 0; i < XT_FEW_WALK_STEPS; i++)
        if (rt_walk_step(v, place, &frame.state)) return frame.state.result;
    bpf_loop(XT_MOST_WALK_STEPS, xt_walk_one, &frame, 0);
    return frame.state.result;
}

/* A chain of the image, from position `from` on. Returns enum xt_verdict, XT_WALK_HOTDROP or XT_WALK_GUARD + number. `place` is all
 * zero; a walk that stopped at a guard goes on from what it left there. */
__noinline int rt_walk(struct xt_view* v, struct xt_place* place, __u32 chain, __u32 from) {
    return xt_walk_run(v, place, chain, from, 0);
}

/* Goes on behind the guard, or (`returns`) where the guard's chain returns to. */
__noinline int rt_walk_on(struct xt_view* v, struct xt_place* place, int returns) {
    return xt_walk_run(v, place, 0, (__u32)returns, 1);
}

#endif

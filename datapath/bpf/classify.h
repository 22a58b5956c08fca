/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through images (translator/classify) in BPF: the functions that generated code calls for chains that are data. The includer
 * has included runtime.h. The loader gives the map its image, and config.image_bytes its size: a constant to the verifier.
 */
#ifndef XTBPF_CLASSIFY_H
#define XTBPF_CLASSIFY_H

#define XT_WALK_COUNT(view, slot) rt_count(view, slot)
#include "translator/classify/walk.h"

/* One value, the image. A value's size is a 32-bit number, and the verifier takes offsets up to 512 MiB into it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 4096);
} xt_image SEC(".maps");

/* The kernel's limit. Only a chain of more rules that all match could reach it; it is dropped then. */
#define XT_MOST_WALK_STEPS (1 << 23)

static long xt_walk_one(__u32 index __attribute__((unused)), struct xt_walk* w) { return xt_walk_step(w); }

/* Returns enum xt_verdict, XT_WALK_HOTDROP or XT_WALK_GUARD + number. */
static __always_inline int xt_walk_run(struct xt_view* v, struct xt_place* place, __u32 chain, __u32 from, int resume) {
    struct xt_walk w;
    __u32 zero = 0;
    int done;

    w.view = v;
    w.place = place;
    w.image = bpf_map_lookup_elem(&xt_image, &zero);
    if (!w.image) return XT_WALK_HOTDROP;
    w.bound = config.image_bytes - XT_IMAGE_SLACK;
    w.v6 = config.ipv6;
    w.result = XT_WALK_HOTDROP;
    done = resume ? xt_walk_resume(&w, (int)from) : xt_walk_start(&w, chain, from);
    if (!done) bpf_loop(XT_MOST_WALK_STEPS, xt_walk_one, &w, 0);
    return w.result;
}

/* A chain of the image, from position `from` on. `place` is all zero, and for a resumed walk what this one leaves there. */
__noinline int rt_walk(struct xt_view* v, struct xt_place* place, __u32 chain, __u32 from) {
    if (!v || !place) return XT_WALK_HOTDROP;
    return xt_walk_run(v, place, chain, from, 0);
}

/* Goes on behind a guard, or where its chain returns to. */
__noinline int rt_walk_on(struct xt_view* v, struct xt_place* place, int returns) {
    if (!v || !place) return XT_WALK_HOTDROP;
    return xt_walk_run(v, place, 0, (__u32)returns, 1);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks through an image for many packets in a row: for the test and the benchmark of datapath/bpf/classify.h. */
#define XT_VIEW_PATH 0
#include "datapath/bpf/kernel.h"
#include "translator/view.h"

struct walk_config {
    __u32 image_bytes;
    __u32 ipv6;
    __u32 walks; /* 0: all but the walk, to know what that costs */
};
const volatile struct walk_config config = {.image_bytes = 4096};

#include "datapath/bpf/runtime.h"
#include "datapath/bpf/stops.h"

__noinline int rt_effect(struct __sk_buff* ctx, struct xt_view* v, __u32 number) {
    asm volatile("" ::"r"(ctx)); /* else clang wouldn't pass it, which the verifier wants */
    if (v) v->effect_hash = xt_path_mix(v->effect_hash, number);
    return 0;
}

#include "datapath/bpf/classify.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct xt_view);
} views SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} results SEC(".maps");

/* The packet's view while it walks: the stack hasn't room for it beside the loop's frames. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct xt_view);
} walking SEC(".maps");

struct row {
    struct __sk_buff* ctx;
    __u32 next;
};

/* Word by word: clang 14 would load all words of a builtin copy before it stores the first. */
static __always_inline void copy_view(struct xt_view* to, const struct xt_view* from) {
#pragma unroll
    for (int i = 0; i < (int)(sizeof *to / 8); i++)
        ((volatile __u64*)to)[i] = ((const volatile __u64*)from)[i];
}
_Static_assert(sizeof(struct xt_view) % 8 == 0, "copied in words of eight bytes");

/* A guard ends the walk. */
__noinline int walk_packet(struct __sk_buff* ctx, __u32 number) {
    const struct xt_view* view = bpf_map_lookup_elem(&views, &number);
    __u32* result = bpf_map_lookup_elem(&results, &number);
    __u32 zero = 0;
    struct xt_view* v = bpf_map_lookup_elem(&walking, &zero);
    int end = XT_CONTINUE;

    if (!view || !result || !v) return 0;
    copy_view(v, view);
    v->mode = XT_MODE_DRY;
    v->path_hash = v->effect_hash = 0;
    if (config.walks) end = rt_image(ctx, v);
    *result = xt_dry_result(v, (__u32)end);
    return (int)*result;
}

/* One packet waits for the one before: what a packet costs by itself, not what many do side by side. */
static long walk_next(__u32 index __attribute__((unused)), struct row* row) {
    __u32 result = (__u32)walk_packet(row->ctx, row->next);

    result &= 0x80000000;
    asm volatile("%0 >>= 32" : "+r"(result));
    row->next += 1 + result;
    return 0;
}

SEC("socket") int walk(struct __sk_buff* ctx) {
    struct row row = {.ctx = ctx};

    bpf_loop(ctx->mark, walk_next, &row, 0);
    return 0;
}

char _license[] SEC("license") = "GPL";

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exact stage: socket filters that nf_tables calls at the netfilter hooks (kmod-shim/anchor.hpp). One program per hook
 * fills the view from the skb, runs the generated code and says whether the packet is accepted (0) or needs a further look (1).
 * Where rules need the kernel's own matches, a second program per hook, again_*, runs once these have answered.
 *
 * The generated functions replace `classify` when the object is loaded (datapath/linker.hpp).
 */
#define XT_VIEW_PATH 0 /* counts at once */
#include "datapath/bpf/kernel.h"

#include "translator/record.h"
#include "translator/dry_run.h"

#include "datapath/bpf/skb_load.h"
#include "datapath/bpf/packet.h"
#include "datapath/bpf/runtime.h"
#include "datapath/bpf/exact_config.h"
#include "datapath/bpf/ext_headers.h"
#include "datapath/bpf/socket_view.h"
#include "datapath/bpf/tcp_mss.h"
#include "datapath/bpf/deep.h"
#include "datapath/bpf/stops.h"

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, __u64);
    __type(value, struct xt_record);
} xt_records SEC(".maps");

static const struct xt_record xt_new_record = {.need = XT_NO_NEED};

/* Stands for the generated code; its calls keep the runtime functions in the object. Its verdict must look like any number,
 * or clang takes comparisons with the others out. */
__noinline int classify(struct __sk_buff* ctx, struct xt_view* v);

static __always_inline struct xt_record* xt_record_of(struct __sk_buff* ctx) {
    __u64 key = (__u64)ctx;
    return bpf_map_lookup_elem(&xt_records, &key);
}

static __always_inline struct xt_record* xt_start_record(struct __sk_buff* ctx) {
    __u64 key = (__u64)ctx;
    if (bpf_map_update_elem(&xt_records, &key, &xt_new_record, BPF_ANY)) return 0;
    return bpf_map_lookup_elem(&xt_records, &key);
}

static __always_inline void xt_forget(struct __sk_buff* ctx) {
    __u64 key = (__u64)ctx;
    bpf_map_delete_elem(&xt_records, &key);
}

/* Index of the out-device if the kernel has been asked for it; else 0. */
static __always_inline __u32 xt_asked_out(struct __sk_buff* ctx, struct xt_view* v) {
    struct xt_record* record = config.out_need && v->effects ? xt_record_of(ctx) : 0;
    return record ? record->out : 0;
}

#include "datapath/bpf/lazy.h"
#include "datapath/bpf/native.h"
#include "datapath/bpf/native_address.h"
#include "datapath/bpf/native_chunks.h"
#include "datapath/bpf/native_clock.h"
#include "datapath/bpf/native_connection.h"
#include "datapath/bpf/native_skb.h"
#include "datapath/bpf/native_string.h"

/* The kernel is to perform effect `number` on this packet. A record that can't be written or is full leaves the packet
 * without a verdict, which the side chain drops. */
__noinline int rt_effect(struct __sk_buff* ctx, struct xt_view* v, __u32 number) {
    struct xt_record* record;

    if (!v || !config.effects) return 0;
    if (v->mode == XT_MODE_DRY) {
        v->effect_hash = xt_path_mix(v->effect_hash, number);
        return 0;
    }
    record = v->effects ? xt_record_of(ctx) : xt_start_record(ctx);
    v->effects = 1;
    if (!record) return 0;
    if (record->count < XT_MOST_EFFECTS) record->effects[record->count] = (__u16)number;
    if (record->count <= XT_MOST_EFFECTS) record->count++; /* one more than there is room for: xt_conclude drops */
    return 0;
}

#include "datapath/bpf/classify.h"

__noinline int classify(struct __sk_buff* ctx, struct xt_view* v) {
    int verdict = XT_DROP;

    rt_count(v, 0);
    rt_limit(v, 0, 0, 0, 0);
    rt_nth(v, 0, 0, 0);
    rt_quota(v, 0, 0);
    rt_lazy_field(ctx, v, 0);
    rt_must_ask(ctx, v);
    rt_socket(ctx, v, 0, 0, 0);
    rt_eui64(ctx, v, 0, 0, 0);
    rt_string(ctx, v, 0, 0, 0);
    rt_sctp_chunks(ctx, v, 0, 0, 0);
    rt_connbytes(ctx, v, 0, 0, 0);
    rt_connlabel(ctx, v, 0, 0, 0);
    rt_helper(ctx, v, 0, 0, 0);
    rt_time(ctx, v, 0, 0, 0);
    rt_policy(ctx, v, 0, 0, 0);
    rt_physdev(ctx, v, 0, 0, 0);
    rt_addrtype(ctx, v, 0, 0, 0);
    rt_rpfilter(ctx, v, 0, 0, 0);
    rt_pause(v, 0, 0);
    rt_stopped(v, 0);
    rt_effect(ctx, v, 0);
    rt_deep(ctx, v);
    rt_image(ctx, v);
    rt_tcp_option(ctx, v, 0);
    rt_tcp_mss(ctx, v);
    asm volatile("" : "+r"(verdict));
    return verdict;
}

/* What the side chain has to know. Returns what `main` or, if `again`, what `again` answers nf_tables. */
static __always_inline int xt_conclude(struct __sk_buff* ctx, struct xt_view* v, int verdict, int again) {
    struct xt_record* record;

    if (!config.stops && !config.effects) return verdict != XT_ACCEPT;
    if (verdict == XT_STOP) {
        record = v->effects ? xt_record_of(ctx) : xt_start_record(ctx);
        if (!record) return 1; /* an orphan: dropped */
        record->need = v->need;
        record->matched = 0;
        record->depth = v->depth;
        __builtin_memcpy(&record->where, &v->where, sizeof v->where);
        return !again;
    }
    if (!v->effects) {
        if (verdict == XT_ACCEPT) return 0;
        xt_forget(ctx); /* what a packet at this address may have left */
        return 1;
    }
    record = xt_record_of(ctx);
    if (!record) return 1;
    record->verdict = record->count > XT_MOST_EFFECTS ? XT_DROP : (__u8)verdict;
    return 1;
}

static __always_inline int xt_dry_run(struct __sk_buff* ctx, struct xt_view* v) {
    __u32 verdict;

    v->mode = XT_MODE_DRY;
    v->path_hash = 0;
    v->effect_hash = 0;
    verdict = (__u32)classify(ctx, v);
    return (int)xt_dry_result(v, verdict);
}

static __always_inline void xt_name_out(struct __sk_buff* ctx, struct xt_view* v, __u32 ifindex) {
    struct dst_entry* dst = xt_route_of(bpf_cast_to_kern_ctx(ctx));
    struct net_device* device = dst ? xt_device_by_index(dst->dev->nd_net.net, (int)ifindex) : 0;
    if (device) xt_device_name(v->out_name, device);
}

static __always_inline int xt_main(struct __sk_buff* ctx, int hook, int again) {
    struct xt_view v;

    /* nf_tables' xt_bpf clears the control buffer, so only BPF_PROG_TEST_RUN can set it (bpf_prog_run_save_cb). */
    if (ctx->cb[0] == XT_DRY_RUN_VIEW) {
        if (bpf_skb_load_bytes(ctx, 0, &v, sizeof v)) return 0;
        v.hook = hook;
        return xt_dry_run(ctx, &v);
    }
    __builtin_memset(&v, 0, sizeof v);
    v.hook = hook;
    v.interruptible = hook == XT_HOOK_OUTPUT || hook == XT_HOOK_POSTROUTING;
    if (config.bare & 1 << hook)
        v.len = ctx->len;
    else if (xt_fill(ctx, &v, hook))
        return 1;
    if (ctx->cb[0] == XT_DRY_RUN_PACKET) return xt_dry_run(ctx, &v);
    if (again) {
        struct xt_record* record = xt_record_of(ctx);
        if (!record || record->verdict) return 1; /* main got through already: only effects are due */
        v.effects = 1;                            /* it goes on with this record */
        v.answer = record->matched;
        v.depth = record->depth;
        __builtin_memcpy(&v.where, &record->where, sizeof v.where);
        if (config.out_need && config.names && record->out) xt_name_out(ctx, &v, record->out);
    } else if (hook == XT_HOOK_OUTPUT && config.out_need && xt_may_be_rerouted(bpf_cast_to_kern_ctx(ctx), &v)) {
        v.need = config.out_need - 1;
        return xt_conclude(ctx, &v, XT_STOP, 0);
    }
    return xt_conclude(ctx, &v, classify(ctx, &v), again);
}

#define XT_HOOK(name, hook)                                                                                            \
    SEC("xt_socket") int xt_##name(struct __sk_buff* ctx) { return xt_main(ctx, hook, 0); }                            \
    SEC("xt_socket") int xt_##name##_2(struct __sk_buff* ctx) { return xt_main(ctx, hook, 1); }

XT_HOOK(prerouting, XT_HOOK_PREROUTING)
XT_HOOK(input, XT_HOOK_INPUT)
XT_HOOK(forward, XT_HOOK_FORWARD)
XT_HOOK(output, XT_HOOK_OUTPUT)
XT_HOOK(postrouting, XT_HOOK_POSTROUTING)

char _license[] SEC("license") = "GPL";

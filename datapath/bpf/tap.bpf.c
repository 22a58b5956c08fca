/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps: socket filters that look at packets right before a table's own program does, and hand them to user space as the view
 * that the program will see; others, right behind a table, tell which packets have passed it. They never match, so they decide
 * nothing.
 */
#define XT_VIEW_PATH 0
#include "datapath/bpf/kernel.h"

#include "datapath/bpf/skb_load.h"
#include "datapath/bpf/packet.h"
#include "datapath/bpf/exact_config.h"
#include "datapath/bpf/ext_headers.h"
#include "datapath/bpf/socket_view.h"
#include "datapath/bpf/tap_event.h"

const volatile struct xt_tap_filter filter = {};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20);
} xt_tap_events SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} xt_tap_lost SEC(".maps");

static __always_inline int xt_wanted(const struct xt_view* v) {
    if (!filter.any_protocol && v->proto != filter.protocol) return 0;
    if (!filter.any_sport && (v->sport != filter.sport || v->frag_off)) return 0;
    if (!filter.any_dport && (v->dport != filter.dport || v->frag_off)) return 0;
    for (int i = 0; i < 4; i++)
        if ((v->saddr[i] & filter.saddr_mask[i]) != filter.saddr[i] ||
            (v->daddr[i] & filter.daddr_mask[i]) != filter.daddr[i])
            return 0;
    return 1;
}

static __always_inline int xt_marked(struct __sk_buff* ctx) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    return bpf_core_field_exists(skb->nf_trace) && xt_bits(skb, nf_trace);
}

static __always_inline void xt_lose(void) {
    __u32 zero = 0;
    __u64* lost = bpf_map_lookup_elem(&xt_tap_lost, &zero);

    if (lost) __sync_fetch_and_add(lost, 1);
}

/* The view is too large for the stack beside what fills it: it is filled in the ring buffer's memory. */
static __always_inline int xt_tap(struct __sk_buff* ctx, int hook) {
    struct xt_tap_event* event;
    __u32 bytes;

    if (filter.marked && !xt_marked(ctx)) return 0;
    event = bpf_ringbuf_reserve(&xt_tap_events, sizeof *event, 0);
    if (!event) {
        xt_lose();
        return 0;
    }
    __builtin_memset(&event->view, 0, sizeof event->view);
    event->pad = 0;
    event->view.hook = hook;
    if (xt_fill(ctx, &event->view, hook) || !xt_wanted(&event->view)) {
        bpf_ringbuf_discard(event, 0);
        return 0;
    }
    event->table = filter.table;
    event->hook = hook;
    event->packet = (__u64)ctx;
    bytes = ctx->len;
    if (bytes > XT_TAP_BYTES) bytes = XT_TAP_BYTES;
    event->bytes = bytes;
    asm volatile("" : "+r"(bytes)); /* or clang has the bound checked on another copy than the one that is used */
    if (bytes == 0 || bytes > XT_TAP_BYTES || bpf_skb_load_bytes(ctx, 0, event->data, bytes)) event->bytes = 0;
    bpf_ringbuf_submit(event, 0);
    return 0;
}

/* Whatever the filter says: who asked for a tap behind a table knows the packets it waits for. */
static __always_inline int xt_pass(struct __sk_buff* ctx, int hook) {
    struct xt_tap_passed* passed = bpf_ringbuf_reserve(&xt_tap_events, sizeof *passed, 0);
    __u8 ip[9] = {};

    if (!passed) {
        xt_lose();
        return 0;
    }
    passed->table = filter.table;
    passed->hook = hook;
    passed->packet = (__u64)ctx;
    passed->mark = ctx->mark;
    passed->pad = 0;
    passed->whole = !bpf_skb_load_bytes(ctx, 0, ip, sizeof ip);
    passed->tos = config.ipv6 ? (__u8)(ip[0] << 4 | ip[1] >> 4) : ip[1];
    passed->ttl = config.ipv6 ? ip[7] : ip[8];
    bpf_ringbuf_submit(passed, 0);
    return 0;
}

#define XT_TAP(name, hook)                                                                                             \
    SEC("xt_socket") int xt_tap_##name(struct __sk_buff* ctx) { return xt_tap(ctx, hook); }                            \
    SEC("xt_socket") int xt_passed_##name(struct __sk_buff* ctx) { return xt_pass(ctx, hook); }

XT_TAP(prerouting, XT_HOOK_PREROUTING)
XT_TAP(input, XT_HOOK_INPUT)
XT_TAP(forward, XT_HOOK_FORWARD)
XT_TAP(output, XT_HOOK_OUTPUT)
XT_TAP(postrouting, XT_HOOK_POSTROUTING)

char _license[] SEC("license") = "GPL";

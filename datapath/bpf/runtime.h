/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that generated code calls (translator/codegen): global functions, verified each by itself, linked in only
 * where they are called. The loader gives the page maps their sizes and file descriptors (datapath/counters.hpp).
 */
#ifndef XTBPF_RUNTIME_H
#define XTBPF_RUNTIME_H

#include "translator/view.h"

#define XT_FIRST_COUNTER_PAGE 1024
#define XT_COUNTER_ROW 64
#define XT_FIRST_LIMIT_PAGE 64

struct xt_counters {
    __u64 packets, bytes;
};

struct xt_counter_row {
    struct xt_counters counters[XT_COUNTER_ROW];
};

struct xt_limit_state {
    __u64 prev;
    __u32 credit;
    __u32 unused;
};

#define XT_COUNTER_PAGE(number)                                                                                        \
    struct {                                                                                                           \
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                                       \
        __uint(max_entries, (XT_FIRST_COUNTER_PAGE << number) / XT_COUNTER_ROW);                                       \
        __type(key, __u32);                                                                                            \
        __type(value, struct xt_counter_row);                                                                          \
    } xt_counters_##number SEC(".maps")

#define XT_LIMIT_PAGE(number)                                                                                          \
    struct {                                                                                                           \
        __uint(type, BPF_MAP_TYPE_ARRAY);                                                                              \
        __uint(max_entries, XT_FIRST_LIMIT_PAGE << number);                                                            \
        __type(key, __u32);                                                                                            \
        __type(value, struct xt_limit_state);                                                                          \
    } xt_limits_##number SEC(".maps")

XT_COUNTER_PAGE(0);
XT_COUNTER_PAGE(1);
XT_COUNTER_PAGE(2);
XT_COUNTER_PAGE(3);
XT_COUNTER_PAGE(4);
XT_COUNTER_PAGE(5);
XT_COUNTER_PAGE(6);
XT_COUNTER_PAGE(7);
XT_COUNTER_PAGE(8);
XT_COUNTER_PAGE(9);
XT_COUNTER_PAGE(10);

XT_LIMIT_PAGE(0);
XT_LIMIT_PAGE(1);
XT_LIMIT_PAGE(2);
XT_LIMIT_PAGE(3);
XT_LIMIT_PAGE(4);
XT_LIMIT_PAGE(5);

/* Runs `found` with the entry that holds `number`, `row` of them in one, if it is on page `page`, and leaves the function. */
#define XT_ON_PAGE(map, page, first, row, number, entry, found)                                                        \
    if (number < ((first) << ((page) + 1)) - (first)) {                                                                \
        __u32 index = (number - (((first) << (page)) - (first))) / (row);                                              \
        entry = bpf_map_lookup_elem(&map##_##page, &index);                                                            \
        if (entry) found;                                                                                              \
        return 0;                                                                                                      \
    }

/* Per-CPU, but a sender's process (OUTPUT, POSTROUTING) can be interrupted by a softirq that counts the same rule: there a
 * plain addition could lose what the softirq added. Softirqs aren't interrupted by their like. */
static __always_inline void xt_add(struct xt_counters* counters, __u32 bytes, int interruptible) {
    if (interruptible) {
        __sync_fetch_and_add(&counters->packets, 1);
        __sync_fetch_and_add(&counters->bytes, bytes);
    } else {
        counters->packets += 1;
        counters->bytes += bytes;
    }
}

static __always_inline int xt_bump(__u32 slot, __u32 bytes, int interruptible) {
    struct xt_counter_row* row;

#define XT_ADD(page)                                                                                                   \
    XT_ON_PAGE(xt_counters, page, XT_FIRST_COUNTER_PAGE, XT_COUNTER_ROW, slot, row,                                    \
               xt_add(&row->counters[slot % XT_COUNTER_ROW], bytes, interruptible))
    XT_ADD(0)
    XT_ADD(1)
    XT_ADD(2)
    XT_ADD(3)
    XT_ADD(4)
    XT_ADD(5)
    XT_ADD(6)
    XT_ADD(7)
    XT_ADD(8)
    XT_ADD(9)
    XT_ADD(10)
    return 0;
}

/* Counts a packet of `bytes` for a slot. */
__noinline int rt_add(__u32 slot, __u32 bytes, int interruptible) { return xt_bump(slot, bytes, interruptible); }

/* A rule matched, or a policy decided. */
static __always_inline int xt_count(struct xt_view* v, __u32 slot) {
    if (v->mode != XT_MODE_DRY) return xt_bump(slot, v->len, v->interruptible);
    v->path_hash = xt_path_mix(v->path_hash, slot);
    return 0;
}

__noinline int rt_count(struct xt_view* v, __u32 slot) { return v ? xt_count(v, slot) : 0; }

/* limit_mt of net/netfilter/xt_limit.c; a state of zeros is a new bucket, which is full. */
static __always_inline int xt_take_token(struct xt_limit_state* state, __u32 cost, __u32 cap, __u32 credits_per_jiffy) {
    __u64 now = bpf_jiffies64();
    __u64 before = __sync_lock_test_and_set(&state->prev, now);
    __u32 increase = before ? (__u32)(now - before) * credits_per_jiffy : cap;

#pragma unroll
    for (int attempt = 0; attempt < 8; attempt++) {
        __u32 old = *(volatile __u32*)&state->credit;
        __u32 credit = old + increase;
        int enough;
        if (credit > cap) credit = cap;
        enough = credit >= cost;
        if (enough) credit -= cost;
        if (__sync_val_compare_and_swap(&state->credit, old, credit) == old) return enough;
    }
    return 0; /* eight other CPUs were quicker each time: their tokens are gone */
}

static __always_inline int xt_limit_state_take(__u32 number, __u32 cost, __u32 cap, __u32 credits_per_jiffy) {
    struct xt_limit_state* state;

#define XT_LIMIT(page)                                                                                                 \
    XT_ON_PAGE(xt_limits, page, XT_FIRST_LIMIT_PAGE, 1, number, state,                                                 \
               return xt_take_token(state, cost, cap, credits_per_jiffy))
    XT_LIMIT(0)
    XT_LIMIT(1)
    XT_LIMIT(2)
    XT_LIMIT(3)
    XT_LIMIT(4)
    XT_LIMIT(5)
    return 0;
}

/* The 64 bits of a state that a count of a rule's own lives in: those of its page's entry. */
static __always_inline __u64* xt_count_of(__u32 number) {
    struct xt_limit_state* state;

#define XT_COUNT_ON(page)                                                                                              \
    if (number < (XT_FIRST_LIMIT_PAGE << ((page) + 1)) - XT_FIRST_LIMIT_PAGE) {                                        \
        __u32 index = number - ((XT_FIRST_LIMIT_PAGE << (page)) - XT_FIRST_LIMIT_PAGE);                                \
        state = bpf_map_lookup_elem(&xt_limits_##page, &index);                                                        \
        return state ? &state->prev : 0;                                                                               \
    }
    XT_COUNT_ON(0)
    XT_COUNT_ON(1)
    XT_COUNT_ON(2)
    XT_COUNT_ON(3)
    XT_COUNT_ON(4)
    XT_COUNT_ON(5)
    return 0;
}

/* More CPUs than that are never quicker one after the other. */
#define XT_ATTEMPTS 16

/* statistic_mt of net/netfilter/xt_statistic.c: the count runs from 0, not from what puts `packet` at its end. */
__noinline int rt_nth(struct xt_view* v, __u32 number, __u64 every, __u32 packet) {
    __u64* count;

    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1;
    count = xt_count_of(number);
    if (!count) return 0;
#pragma unroll
    for (int attempt = 0; attempt < XT_ATTEMPTS; attempt++) {
        __u64 old = *(volatile __u64*)count;
        __u64 next = old + 1 >= every ? 0 : old + 1;
        if (__sync_val_compare_and_swap(count, old, next) == old) return old == packet;
    }
    return 0;
}

/* quota_mt of net/netfilter/xt_quota.c: the count is what has passed. */
__noinline int rt_quota(struct xt_view* v, __u32 number, __u64 quota) {
    __u64* passed;

    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1;
    passed = xt_count_of(number);
    if (!passed) return 0;
#pragma unroll
    for (int attempt = 0; attempt < XT_ATTEMPTS; attempt++) {
        __u64 old = *(volatile __u64*)passed;
        int fits = quota - old >= v->len;
        __u64 next = fits ? old + v->len : quota; /* not even a small packet from then on */
        if (__sync_val_compare_and_swap(passed, old, next) == old) return fits;
    }
    return 0;
}

__noinline int rt_limit(struct xt_view* v, __u32 number, __u32 cost, __u32 cap, __u32 credits_per_jiffy) {
    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1; /* as the interpreter's Environment by default */
    return xt_limit_state_take(number, cost, cap, credits_per_jiffy);
}

#endif

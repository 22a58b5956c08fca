/* SPDX-License-Identifier: GPL-2.0-or-later */
/* string: short patterns in short packets, which the kernel's own search would find at the same place. */
#ifndef XTBPF_NATIVE_STRING_H
#define XTBPF_NATIVE_STRING_H

#include "datapath/bpf/steps.h"

enum {
    XT_STRING_STEP = 16, /* positions looked at between two questions whether to go on */
    XT_STRING_STEPS = 16 /* in a longer search (1.5 ns a position) the kernel is quicker, with the stop it takes */
};

/* Of eight bytes of a pattern the bits that don't matter: all of those behind its end, and what makes a letter (all are small ones
 * here) a capital. */
static __always_inline __u64 xt_string_any(__u64 word, __u32 bytes, int fold) {
    const __u64 each = 0x0101010101010101ULL;
    __u64 low = word & 0x7f * each;
    __u64 letters = (low + (0x80 - 'a') * each ^ low + (0x7f - 'z') * each) & ~word & 0x80 * each;
    return (fold ? letters / 4 : 0) | (bytes >= 8 ? 0 : ~0ULL << (bytes & 7) * 8);
}

/* A bit for each of the next positions at which these bytes stand. Without branches, of which the verifier would try each way. */
static __always_inline __u32 xt_string_hits(unsigned long at, __u64 bytes, __u64 any) {
    __u64 hits = 0;

#pragma unroll
    for (__u32 i = 0; i < XT_STRING_STEP; i++) {
        __u64 differ = (xt_word(at) | any) ^ (bytes | any);
        hits = hits >> 1 | (((differ - 1) & ~differ) >> 63) << (XT_STRING_STEP - 1);
        at++;
        asm volatile(""
                     : "+r"(hits), "+r"(at)::"memory"); /* one after the other: the stack hasn't room for all at once */
    }
    return (__u32)hits;
}

static __always_inline __u32 xt_string_bytes(__u64 how) { return (__u8)(how >> XT_STRING_BYTES); }
static __always_inline __u32 xt_string_span(__u64 how) { return (__u16)(how >> XT_STRING_SPAN); }

/* The positions of a step up to number `last`. */
static __always_inline __u32 xt_string_up_to(__u32 last) {
    return last >= XT_STRING_STEP - 1 ? (1U << XT_STRING_STEP) - 1 : (2U << (last & 31)) - 1;
}

/*
 * string_mt of net/netfilter/xt_string.c, skb_find_text of net/core/skbuff.c: whether the pattern's first occurrence behind `from`
 * ends before `to`. Where it begins there and ends behind it the kernel is asked: it counts before Linux 6.6 only. `first`:
 * the pattern's first 8 bytes; a longer one that may be there is the kernel's. `how`: see XT_STRING_*.
 */
__noinline int rt_string(struct __sk_buff* ctx, struct xt_view* v, __u64 first, __u64 how,
                         __u64 unused __attribute__((unused))) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    __u32 from = (__u16)(how >> XT_STRING_FROM), last;
    struct bpf_iter_num steps;
    int found = XT_NO;
    unsigned long at;
    __u64 any;
    int* step;

    if (!v || xt_must_ask(ctx, v) || !xt_steps_work() || skb->data_len) return XT_ASK;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) return XT_ASK;
    if (v->len < from + xt_string_bytes(how)) return how >> XT_STRING_INVERT & 1;
    at = (unsigned long)skb->data + from;
    last = v->len - from - xt_string_bytes(how); /* position at which there is room for it */
    if (last > xt_string_span(how)) last = xt_string_span(how);
    if (last >= XT_STRING_STEP * XT_STRING_STEPS) return XT_ASK;
    any = xt_string_any(first, xt_string_bytes(how), how >> XT_STRING_FOLD & 1);
    bpf_iter_num_new(&steps, 0, XT_STRING_STEPS);
    while ((step = bpf_iter_num_next(&steps))) {
        __u32 position = (__u32)*step * XT_STRING_STEP, bytes, span, hits;
        if (position > last) break;
        hits = xt_string_hits(at + position, first, any);
        if (!hits) continue;
        asm volatile("" : "+r"(how)); /* else all that is made of it would be kept on the stack */
        bytes = xt_string_bytes(how);
        span = xt_string_span(how);
        hits &= xt_string_up_to(last - position);
        if (!hits) continue;
        hits &= -hits; /* the first */
        found = XT_YES;
        if (bytes > sizeof first || span < position + bytes || !(hits & xt_string_up_to(span - position - bytes)))
            found = XT_ASK;
        break;
    }
    bpf_iter_num_destroy(&steps);
    return found == XT_ASK ? XT_ASK : found ^ (how >> XT_STRING_INVERT & 1);
}

#endif

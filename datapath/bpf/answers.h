/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hand-ins: where a rule needs the kernel's own match the traversal stops, the side chain asks (kmod-shim/anchor.hpp), and the
 * traversal is run again from its start. What has been asked is then repeated in the same order, so that the path is the same:
 * token buckets too give the token they gave.
 */
#ifndef XTBPF_ANSWERS_H
#define XTBPF_ANSWERS_H

/* The next answer, if it is known from before the restart. */
static __always_inline int xt_repeat(struct xt_view* v, int* answer) {
    __u32 at = v->answers_used;

    if (at >= v->answers_known || at >= XT_MOST_ANSWERS) return 0;
    v->answers_used = (__u16)(at + 1);
    *answer = v->answers[at / 32] >> at % 32 & 1;
    return 1;
}

static __always_inline void xt_remember(struct xt_view* v, int answer) {
    __u32 at = v->answers_known;

    if (at >= XT_MOST_ANSWERS) return; /* no room: it is asked anew after a restart (docs/LIMITS.md) */
    if (answer) v->answers[at / 32] |= 1U << at % 32;
    v->answers_known = (__u16)(at + 1);
}

/* 0 no, 1 yes, 2: the kernel has to be asked. */
__noinline int rt_kernel_match(struct xt_view* v, __u32 number) {
    int answer;

    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1; /* as the interpreter's Environment by default */
    if (xt_repeat(v, &answer)) return answer;
    v->need = number;
    return 2;
}

/* rt_limit in a hook with hand-ins. */
__noinline int rt_limit_once(struct xt_view* v, __u32 number, __u32 cost, __u32 cap, __u32 credits_per_jiffy) {
    int answer;

    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1;
    if (xt_repeat(v, &answer)) return answer;
    answer = xt_limit_state_take(number, cost, cap, credits_per_jiffy);
    xt_remember(v, answer);
    v->answers_used = v->answers_known;
    return answer;
}

#endif

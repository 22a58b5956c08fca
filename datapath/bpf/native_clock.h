/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wall clock. No helper tells it, but the kernel's coarse clock does, with the distance between monotonic and real time that
 * the timers of each CPU know: whoever sets the clock updates that of all CPUs that are online before he is done (clock_was_set,
 * hrtimer_update_base of kernel/time/hrtimer.c). Both together are the timekeeper's xtime_sec, what ktime_get_real_seconds answers.
 * The way to a CPU's timers leads over one that each task has (init_dl_entity of kernel/sched/deadline.c).
 */
#ifndef XTBPF_NATIVE_CLOCK_H
#define XTBPF_NATIVE_CLOCK_H

#include "translator/clock.h"

enum { XT_CLOCK_REAL = 1 }; /* HRTIMER_BASE_REALTIME, ever since there are several */
#define XT_NANOSECONDS 1000000000ULL

/* Seconds since 1970 to `now`; -1 if they can't be told. */
static __always_inline int xt_clock(__u64* now) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct hrtimer_clock_base* clock = task->dl.dl_timer.base;
    struct hrtimer_cpu_base* cpu = 0;

    if (!bpf_core_field_exists(cpu->online) || !clock) return -1;
    cpu = clock->cpu_base;
    if (!cpu || !BPF_CORE_READ_BITFIELD(cpu, online)) return -1; /* nobody's: while a timer moves */
    *now = (bpf_ktime_get_coarse_ns() + (__u64)cpu->clock_base[XT_CLOCK_REAL].offset) / XT_NANOSECONDS;
    return 0;
}

/* time_mt of net/netfilter/xt_time.c; the arguments are those of struct xt_times. */
__noinline int rt_time(struct __sk_buff* ctx __attribute__((unused)), struct xt_view* v, __u64 dates, __u64 daytimes,
                       __u64 days) {
    const struct xt_times wanted = {.dates = dates, .daytimes = daytimes, .days = days};
    __u64 now = 0;

    if (!v || v->mode == XT_MODE_DRY || xt_clock(&now)) return XT_ASK;
    return xt_time_holds(now, wanted); /* XT_ASK if it can't tell */
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time_mt of net/netfilter/xt_time.c says of a time, without --kerneltz. Plain C, for the programs and for tests. */
#ifndef XTBPF_CLOCK_H
#define XTBPF_CLOCK_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define XT_SECONDS_PER_DAY 86400
#define XT_DAYS_TO_2040 25567
#define XT_ANY_MONTHDAY 0xFFFFFFFEU /* XT_TIME_ALL_MONTHDAYS of linux/netfilter/xt_time.h */
#define XT_FROM_DAY_BEFORE 2        /* XT_TIME_CONTIGUOUS */

/* Of a pair of numbers the first is in the low half. */
struct xt_times {
    __u64 dates;    /* seconds since 1970 */
    __u64 daytimes; /* seconds since midnight */
    __u64 days;     /* a bit for each day of the month; then a byte of weekdays, and one of flags */
};

/* From days since 1970; up to 2039, as localtime_3, where each fourth year is a leap year. */
static inline __u32 xt_day_of_month(__u32 days) {
    __u32 day = (days + 731) % 1461; /* since the first of January of a leap year; 731: 1968 and 1969 */
    __u32 start = 0;

    if (day >= 366) {
        day = (day - 366) % 365;
        if (day >= 59) day++; /* as if there were a 29th of February */
    }
#define XT_MONTH(first)                                                                                                \
    if (day >= (first)) start = (first);
    XT_MONTH(31)
    XT_MONTH(60)
    XT_MONTH(91)
    XT_MONTH(121)
    XT_MONTH(152)
    XT_MONTH(182)
    XT_MONTH(213)
    XT_MONTH(244)
    XT_MONTH(274)
    XT_MONTH(305)
    XT_MONTH(335)
#undef XT_MONTH
    return day - start + 1;
}

/* 1, 0, or 2 for a time that isn't within the kernel's table of years. */
static inline int xt_time_holds(__u64 now, struct xt_times wanted) {
    __u32 second = (__u32)(now % XT_SECONDS_PER_DAY), day = (__u32)(now / XT_SECONDS_PER_DAY);
    __u32 start = (__u32)wanted.daytimes, stop = (__u32)(wanted.daytimes >> 32);

    if (day == 0 || now >= (__u64)XT_DAYS_TO_2040 * XT_SECONDS_PER_DAY) return 2;
    if (now < (__u32)wanted.dates || now > wanted.dates >> 32) return 0;
    if (start < stop) {
        if (second < start || second > stop) return 0;
    } else {
        if (second < start && second > stop) return 0;
        if (wanted.days >> 40 & XT_FROM_DAY_BEFORE && second <= stop) day--; /* the day on which it began */
    }
    if (!(wanted.days >> 32 & 0xff & 1ULL << ((4 + day - 1) % 7 + 1))) return 0;
    if ((__u32)wanted.days == XT_ANY_MONTHDAY) return 1;
    return (int)((wanted.days & 0xffffffff) >> xt_day_of_month(day) & 1);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorded path is counted in the pages of its tables (translator/pages.hpp), the same that the exact stage counts in. */
#ifndef XTBPF_EARLY_COUNTERS_H
#define XTBPF_EARLY_COUNTERS_H

#include "datapath/bpf/early_context.h"

#define XT_FIRST_COUNTER_PAGE 1024u
#define XT_COUNTER_ROW 64u

struct xt_counters {
    __u64 packets, bytes;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, XT_EARLY_PAGES);
    __type(key, __u32);
    __array(
        values, struct {
            __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
            __uint(max_entries, XT_FIRST_COUNTER_PAGE / XT_COUNTER_ROW);
            __uint(key_size, sizeof(__u32));
            __uint(value_size, sizeof(struct xt_counters) * XT_COUNTER_ROW);
        });
} xt_early_pages SEC(".maps");

/* Path lengths behind the chains of a table; what lies behind all belongs to security. */
struct xt_ends {
    __u8 raw, mangle, filter;
};

__noinline int xt_count_slot(__u32 table, __u32 slot, __u32 bytes) {
    __u32 page = 0, first = 0, key;
    struct xt_counters* counters;
    void* map;

    /* Page p holds XT_FIRST_COUNTER_PAGE << p slots. */
    while (page < (1 << XT_EARLY_PAGE_BITS) - 1 && slot - first >= XT_FIRST_COUNTER_PAGE << page) {
        first += XT_FIRST_COUNTER_PAGE << page;
        page++;
    }
    key = (table << XT_EARLY_PAGE_BITS) + page;
    map = bpf_map_lookup_elem(&xt_early_pages, &key);
    if (!map) return 0;
    key = (slot - first) / XT_COUNTER_ROW;
    counters = bpf_map_lookup_elem(map, &key);
    if (!counters) return 0;
    counters += (slot - first) % XT_COUNTER_ROW;
    __sync_fetch_and_add(&counters->packets, 1);
    __sync_fetch_and_add(&counters->bytes, bytes);
    return 0;
}

/* One function per step: what the verifier has learnt of one step would multiply with what it learns of the next. */
__noinline int xt_count_step(struct xt_view* v, __u32 step, int family, __u32 ends) {
    __u32 table = XT_TABLE_SECURITY;

    if (!v || step >= XT_VIEW_PATH) return 0;
    if (step < (ends & 0xff))
        table = XT_TABLE_RAW;
    else if (step < (ends >> 8 & 0xff))
        table = XT_TABLE_MANGLE;
    else if (step < (ends >> 16 & 0xff))
        table = XT_TABLE_FILTER;
    return xt_count_slot((family == XT_V4 ? 0 : XT_EARLY_TABLES) + table, v->path[step], v->len);
}

static __always_inline void xt_count_path(struct xt_view* v, int family, const struct xt_ends* ends) {
    __u32 packed = ends->raw | ends->mangle << 8 | ends->filter << 16;

    for (__u32 step = 0; step < XT_VIEW_PATH && step < v->path_len; step++)
        xt_count_step(v, step, family, packed);
}

#endif

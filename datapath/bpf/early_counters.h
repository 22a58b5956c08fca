/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorded path is counted in the pages of its tables (translator/pages.hpp), the same that the exact stage counts in. */
#ifndef XTBPF_EARLY_COUNTERS_H
#define XTBPF_EARLY_COUNTERS_H

#include "datapath/bpf/early_context.h"

#define XT_FIRST_COUNTER_PAGE 1024u

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
            __uint(max_entries, XT_FIRST_COUNTER_PAGE);
            __uint(key_size, sizeof(__u32));
            __uint(value_size, sizeof(struct xt_counters));
        });
} xt_early_pages SEC(".maps");

/* Path lengths behind the chains of a table; what lies behind all belongs to security. */
struct xt_ends {
    __u8 raw, mangle, filter;
};

__noinline int xt_count_slot(__u32 table, __u32 slot, __u32 bytes) {
    __u32 page = 0, first = 0, key;
    struct xt_counters *counters;
    void *map;

    /* Page p holds XT_FIRST_COUNTER_PAGE << p slots. */
    while (page < (1 << XT_EARLY_PAGE_BITS) - 1 && slot - first >= XT_FIRST_COUNTER_PAGE << page) {
        first += XT_FIRST_COUNTER_PAGE << page;
        page++;
    }
    key = (table << XT_EARLY_PAGE_BITS) + page;
    map = bpf_map_lookup_elem(&xt_early_pages, &key);
    if (!map) return 0;
    key = slot - first;
    counters = bpf_map_lookup_elem(map, &key);
    if (!counters) return 0;
    __sync_fetch_and_add(&counters->packets, 1);
    __sync_fetch_and_add(&counters->bytes, bytes);
    return 0;
}

__noinline int xt_count_path(struct xt_view *v, int family, int raw_end, int mangle_end, int filter_end) {
    if (!v) return 0;
    for (int i = 0; i < XT_VIEW_PATH; i++) {
        __u32 table;
        if (i >= v->path_len) break;
        table = i < raw_end ? XT_TABLE_RAW : i < mangle_end ? XT_TABLE_MANGLE : i < filter_end ? XT_TABLE_FILTER : XT_TABLE_SECURITY;
        xt_count_slot((family == XT_V4 ? 0 : XT_EARLY_TABLES) + table, v->path[i], v->len);
    }
    return 0;
}

#endif

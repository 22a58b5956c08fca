/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the functions share that answer instead of one of the kernel's matches (translator/native_match.hpp). Where one isn't sure
 * to answer as the kernel would, it says XT_ASK: then the traversal stops, and the kernel is asked.
 */
#ifndef XTBPF_NATIVE_H
#define XTBPF_NATIVE_H

#include "translator/native_answer.h"

/* A dry run, or effects are due that the kernel performs before it is asked: the packet and its connection may change by them. */
static __always_inline int xt_must_ask(struct __sk_buff* ctx, struct xt_view* v) {
    struct xt_record* record;

    if (v->mode == XT_MODE_DRY) return 1;
    if (!config.effects || !v->effects) return 0;
    record = xt_record_of(ctx);
    return !record || record->next < record->count;
}

__noinline int rt_must_ask(struct __sk_buff* ctx, struct xt_view* v) { return !v || xt_must_ask(ctx, v); }

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search of a chain of an image (image.h) for the first rule that matches: the part of walk.h that goes through tuples and
 * records. In small steps without loops.
 */
#ifndef XTBPF_CLASSIFY_FIND_H
#define XTBPF_CLASSIFY_FIND_H

#include "translator/classify/image.h"

#ifdef __clang__
#define XT_WALK_UNROLL _Pragma("unroll")
#else
#define XT_WALK_UNROLL
#endif

/* What a step may say: on with the next one; or state->result is known; or what is to come first (walk.h). */
enum xt_walk_says { XT_WALK_ON, XT_WALK_DONE, XT_WALK_EXAMINE, XT_WALK_EDIT, XT_WALK_ASK };

/* Between two steps. */
struct xt_walk_state {
    __u64 todo;      /* tuples still to be probed, by number */
    __u32 chain;     /* its number */
    __u32 index;     /* its xt_image_index, or 0 */
    __u32 from;      /* first position that counts */
    __u32 best;      /* position of the first rule found so far, */
    __u32 best_rule; /* its record, 0: none */
    __u32 rule;      /* record to be checked next, 0: none */
    __u32 test;      /* the next of its tests, */
    __u32 test_end;  /* up to here; equal: none */
    __u32 edit;      /* the chain's next xt_image_edit to be looked at; 0: none */
    __u8 stage;      /* how far the check has come; see xt_walk_check */
    __u8 odd;        /* XT_ODD_*; not 0: what stands before the header's test in the rule is tested before it */
    __u8 found;      /* enum xt_found, of the rule found */
    __u8 result;
};

enum xt_found {
    XT_FOUND,
    XT_FOUND_HOT,   /* it drops the packet by itself */
    XT_FOUND_WHOLE, /* its guard has answered that it holds */
};

enum {
    XT_ODD_PACKET = 1,
    XT_ODD_RULE = 2, /* an edit, of which xt_walk_is_odd knows nothing */
};

struct xt_walk {
    void* context; /* the includer's */
    struct xt_view* view;
    struct xt_walk_state* state;
    const __u8* image;
};

/* Never null unless the image is broken; then the packet is dropped. */
XT_WALK_INLINE const void* xt_walk_at(const struct xt_walk* w, __u32 offset) {
    return offset > XT_WALK_BOUND(w) ? (const void*)0 : w->image + offset;
}

XT_WALK_INLINE int xt_walk_end(struct xt_walk* w, int result) {
    w->state->result = (__u8)result;
    return 1;
}

XT_WALK_INLINE int xt_walk_is_odd(const struct xt_view* v, const struct xt_image_header* header, int v6) {
    __u32 bytes;

    if (v->l4_avail >= 20 && !v->frag_off && !(v6 && v->l4 != XT_L4_OK)) return 0;
    if (v6 && v->l4 != XT_L4_OK && header->protocols) return 1;
    if (v->frag_off) return v->frag_off == 1 && header->drops_one;
    bytes = v->proto == 6 ? header->tcp_bytes : v->proto == 17 ? header->udp_bytes : header->other_bytes;
    return v->l4_avail < bytes;
}

XT_WALK_INLINE __u64 xt_walk_pruned(const struct xt_walk* w, const struct xt_image_pruner* pruner, __u64 key) {
    const __u64* word;

    if (!pruner->table) return 0;
    word = (const __u64*)xt_walk_at(w, pruner->table +
                                           8 * xt_prune_slot(key, pruner->key_shift & 63, pruner->slot_shift & 63));
    return word ? *word : 0;
}

/* Makes ready for the first rule of state->chain at or behind position state->from. */
XT_WALK_INLINE int xt_walk_enter(struct xt_walk* w) {
    const __u32 chain = w->state->chain, from = w->state->from;
    const struct xt_image_header* header = (const struct xt_image_header*)xt_walk_at(w, 0);
    const struct xt_image_chain* entry;
    const struct xt_image_index* index;

    w->state->best = XT_NO_RULE;
    w->state->best_rule = 0;
    w->state->rule = 0;
    w->state->todo = 0;
    w->state->stage = 0;
    w->state->found = XT_FOUND;
    w->state->odd &= XT_ODD_PACKET;
    if (!header) return xt_walk_end(w, XT_WALK_HOTDROP);
    entry = (const struct xt_image_chain*)xt_walk_at(w, header->chains + chain * (__u32)sizeof *entry);
    if (!entry) return xt_walk_end(w, XT_WALK_HOTDROP);
    w->state->index = w->state->odd ? entry->odd : entry->index;
    w->state->edit = entry->edits;
    if (from >= entry->count) return 0;
    if (!w->state->index) {
        w->state->rule = entry->rules + from * XT_RULE_BYTES(XT_WALK_V6(w));
        return 0;
    }
    index = (const struct xt_image_index*)xt_walk_at(w, w->state->index);
    if (!index) return xt_walk_end(w, XT_WALK_HOTDROP);
    w->state->todo = index->always[0];
    if (index->pruners[0].table) {
        const __u64 key = xt_prune_key(w->view->saddr, XT_WALK_V6(w));
        w->state->todo |= xt_walk_pruned(w, &index->pruners[0], key) | xt_walk_pruned(w, &index->pruners[1], key);
    }
    if (index->pruners[2].table) {
        const __u64 key = xt_prune_key(w->view->daddr, XT_WALK_V6(w));
        w->state->todo &=
            index->always[1] | xt_walk_pruned(w, &index->pruners[2], key) | xt_walk_pruned(w, &index->pruners[3], key);
    } else {
        w->state->todo &= index->always[1];
    }
    return 0;
}

/* Number of the lowest set bit. */
static const __u8 xt_walk_bits[64] = {0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,
                                      62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
                                      63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
                                      46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};
XT_WALK_INLINE __u32 xt_walk_lowest(__u64 bits) { return xt_walk_bits[((bits & -bits) * 0x03f79d71b4cb0a89ULL) >> 58]; }

XT_WALK_INLINE __u32 xt_walk_extra(const struct xt_view* v, const struct xt_image_tuple* tuple) {
    if (tuple->extra == XT_EXTRA_NONE) return 0;
    if (tuple->extra == XT_EXTRA_IN) return xt_name_key(v->in_name);
    if (tuple->extra == XT_EXTRA_OUT) return xt_name_key(v->out_name);
    if (tuple->extra_word >= sizeof *v / 4) return 0;
    return ((const __u32*)(const void*)v)[tuple->extra_word] >> (tuple->extra_shift & 31) & tuple->extra_mask;
}

/* Looks for the packet's key in one tuple. */
XT_WALK_INLINE int xt_walk_probe(struct xt_walk* w) {
    const struct xt_view* v = w->view;
    const struct xt_image_index* index = (const struct xt_image_index*)xt_walk_at(w, w->state->index);
    const struct xt_image_tuple* tuple;
    const __u32 number = xt_walk_lowest(w->state->todo);
    __u32 at, print;
    __u64 hash;
    int i;

    w->state->todo &= w->state->todo - 1;
    if (!index) return xt_walk_end(w, XT_WALK_HOTDROP);
    tuple = (const struct xt_image_tuple*)xt_walk_at(w, index->tuples + number * (__u32)sizeof *tuple);
    if (!tuple) return xt_walk_end(w, XT_WALK_HOTDROP);
    if (tuple->first >= w->state->best) {
        w->state->todo = 0;
        return 0;
    }
    if (tuple->last < w->state->from) return 0;
    if (tuple->list) {
        w->state->rule = tuple->list;
        return 0;
    }
    hash = xt_tuple_hash(tuple, v->saddr, v->daddr, (__u32)v->sport << 16 | v->dport, v->proto, xt_walk_extra(v, tuple),
                         XT_WALK_V6(w));
    if (index->filter) {
        const __u64* word = (const __u64*)xt_walk_at(w, index->filter + 8 * xt_filter_word(hash, index->filter_mask));
        if (!word) return xt_walk_end(w, XT_WALK_HOTDROP);
        if (~*word & xt_filter_bits(hash)) return 0;
    }
    print = (__u32)hash;
    at = index->table + xt_bucket(hash, index->buckets) * (__u32)XT_BUCKET_BYTES;
    XT_WALK_UNROLL
    for (i = 0; i < XT_MOST_BUCKETS; i++) {
        const struct xt_image_entry* entry =
            (const struct xt_image_entry*)xt_walk_at(w, at + (__u32)i * (__u32)XT_BUCKET_BYTES);
        if (!entry) return xt_walk_end(w, XT_WALK_HOTDROP);
        w->state->rule = entry[0].print == print   ? entry[0].list
                         : entry[1].print == print ? entry[1].list
                         : entry[2].print == print ? entry[2].list
                         : entry[3].print == print ? entry[3].list
                                                   : 0;
        if (w->state->rule || !entry[XT_BUCKET_ENTRIES - 1].list) return 0;
    }
    return 0;
}

XT_WALK_INLINE int xt_walk_prefix(const struct xt_walk* w, const __u32* address, const __u32* value, __u32 length) {
    const __u32* mask;

    if (!XT_WALK_V6(w)) return !((address[0] ^ value[0]) & (__u32)(0xffffffff00000000ULL >> (length & 63)));
    mask = (const __u32*)xt_walk_at(w, XT_IMAGE_MASKS + 16 * length);
    if (!mask) return 0;
    return !(((xt_pair(address) ^ xt_pair(value)) & xt_pair(mask)) |
             ((xt_pair(address + 2) ^ xt_pair(value + 2)) & xt_pair(mask + 2)));
}

XT_WALK_INLINE int xt_walk_port(__u32 port, __u32 range) { return (port - (range & 0xffff)) <= range >> 16; }

/* The record behind the one that doesn't match. */
XT_WALK_INLINE int xt_walk_next(struct xt_walk* w, const struct xt_image_rule* rule) {
    w->state->stage = 0;
    w->state->rule = rule->flags & XT_RULE_LAST ? 0 : w->state->rule + XT_RULE_BYTES(XT_WALK_V6(w));
    return 0;
}

/* The first so far: all of it holds, but for its guard, or it drops the packet before that is clear. */
XT_WALK_INLINE int xt_walk_found(struct xt_walk* w, const struct xt_image_rule* rule, enum xt_found found) {
    w->state->best = rule->order;
    w->state->best_rule = w->state->rule;
    w->state->rule = 0; /* lists are in order */
    w->state->stage = 0;
    w->state->found = (__u8)found;
    if (w->state->odd & XT_ODD_RULE) w->state->edit = 0;
    return 0;
}

/* A plain rule, all of it, if the packet isn't odd. Else it is for xt_walk_examine. */
XT_WALK_INLINE int xt_walk_plain(struct xt_walk* w) {
    const struct xt_view* v = w->view;
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->rule);
    const struct xt_image_rule* rule;

    if (!record) return xt_walk_end(w, XT_WALK_HOTDROP);
    rule = (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2));
    if (w->state->odd || !(rule->flags & XT_RULE_PLAIN)) return XT_WALK_EXAMINE;
    if (rule->order >= w->state->best) {
        w->state->rule = 0;
        return 0;
    }
    if (rule->order < w->state->from || !xt_walk_prefix(w, v->saddr, record, rule->source) ||
        !xt_walk_prefix(w, v->daddr, record + (XT_WALK_V6(w) ? 4 : 1), rule->destination) ||
        ((rule->flags & XT_RULE_PROTOCOL) && v->proto != rule->protocol) ||
        ((rule->flags & XT_RULE_HEADER) && v->frag_off) || !xt_walk_port(v->sport, rule->sports) ||
        !xt_walk_port(v->dport, rule->dports))
        return xt_walk_next(w, rule);
    return xt_walk_found(w, rule, XT_FOUND);
}

/* The next tuple, if no rules are left to be looked at, and two rules. */
XT_WALK_INLINE int xt_walk_seek_on(struct xt_walk* w) {
    struct xt_walk_state* s = w->state;
    int says;

    if (!s->rule && s->todo && xt_walk_probe(w)) return XT_WALK_DONE;
    if (s->rule && (says = xt_walk_plain(w))) return says;
    return s->rule ? xt_walk_plain(w) : XT_WALK_ON;
}

/* Goes on from tuple to tuple and from rule to rule, as far as these are plain. Three times in one go, as a step costs more. */
XT_WALK_INLINE int xt_walk_seek(struct xt_walk* w) {
    int says = xt_walk_seek_on(w);

    if (!says) says = xt_walk_seek_on(w);
    return says ? says : xt_walk_seek_on(w);
}

/* What is left of the check of a rule once its tests so far hold. Stages: 0, nothing is known; 1, its addresses and the tests
 * before the protocol hold; 2, the protocol and the tests before the header; 3, all. Only what is odd stops at 1 and 2. */
XT_WALK_INLINE int xt_walk_check(struct xt_walk* w) {
    const struct xt_view* v = w->view;
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->rule);
    const struct xt_image_rule* rule;
    const struct xt_image_more* more = (const struct xt_image_more*)0;
    __u32 flags = 0;

    if (!record) return xt_walk_end(w, XT_WALK_HOTDROP);
    rule = (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2));
    if (w->state->odd || !(rule->flags & XT_RULE_PLAIN)) {
        more = (const struct xt_image_more*)xt_walk_at(w, rule->more);
        if (!more) return xt_walk_end(w, XT_WALK_HOTDROP);
        if (rule->more) flags = more->flags;
    }
    if (w->state->stage == 0) {
        if (rule->order >= w->state->best && !(w->state->odd & XT_ODD_RULE)) {
            w->state->rule = 0;
            return 0;
        }
        if (rule->order < w->state->from ||
            xt_walk_prefix(w, v->saddr, record, rule->source) == !!(flags & XT_MORE_NOT_SOURCE) ||
            xt_walk_prefix(w, v->daddr, record + (XT_WALK_V6(w) ? 4 : 1), rule->destination) ==
                !!(flags & XT_MORE_NOT_DESTINATION))
            return xt_walk_next(w, rule);
        w->state->stage = 1;
        w->state->test = w->state->test_end = rule->more + (__u32)sizeof *more;
        if (w->state->odd && rule->more) {
            w->state->test_end = w->state->test + more->tests[0] * (__u32)sizeof(struct xt_image_test);
            return 0;
        }
    }
    if (w->state->stage == 1) {
        if (rule->flags & XT_RULE_PROTOCOL) {
            if (XT_WALK_V6(w) && v->l4 == XT_L4_BROKEN) return xt_walk_found(w, rule, XT_FOUND_HOT);
            if ((v->proto == rule->protocol) == !!(flags & XT_MORE_NOT_PROTOCOL)) return xt_walk_next(w, rule);
        }
        w->state->stage = 2;
        if (w->state->odd && rule->more) {
            w->state->test_end =
                rule->more + (__u32)sizeof *more + more->tests[1] * (__u32)sizeof(struct xt_image_test);
            return 0;
        }
    }
    if (rule->flags & XT_RULE_HEADER) {
        if (v->frag_off == 1 && (flags & XT_MORE_DROP_ONE)) return xt_walk_found(w, rule, XT_FOUND_HOT);
        if (v->frag_off) return xt_walk_next(w, rule);
        if (more && v->l4_avail < more->header_bytes) return xt_walk_found(w, rule, XT_FOUND_HOT);
    }
    if (xt_walk_port(v->sport, rule->sports) == !!(flags & XT_MORE_NOT_SPORT) ||
        xt_walk_port(v->dport, rule->dports) == !!(flags & XT_MORE_NOT_DPORT))
        return xt_walk_next(w, rule);
    w->state->stage = 3;
    if (more && rule->more)
        w->state->test_end = rule->more + (__u32)sizeof *more + more->tests[2] * (__u32)sizeof(struct xt_image_test);
    return 0;
}

/* All of the rule holds. */
XT_WALK_INLINE int xt_walk_holds(struct xt_walk* w) {
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->rule);

    if (!record) return xt_walk_end(w, XT_WALK_HOTDROP);
    return xt_walk_found(w, (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2)), XT_FOUND);
}

XT_WALK_INLINE int xt_walk_test(struct xt_walk* w) {
    const struct xt_image_test* test = (const struct xt_image_test*)xt_walk_at(w, w->state->test);
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->rule);
    __u32 value;

    if (!test || !record || test->word >= sizeof *w->view / 4) return xt_walk_end(w, XT_WALK_HOTDROP);
    value = ((const __u32*)(const void*)w->view)[test->word] >> (test->shift & 31) & test->mask;
    if ((value - test->low <= test->span) != (test->flags & XT_TEST_INVERT)) {
        w->state->test += (test->flags & XT_TEST_GATE ? 1U : 1U + test->skip) * (__u32)sizeof *test;
    } else if (test->flags & XT_TEST_PASS) {
        w->state->test += (1U + test->skip) * (__u32)sizeof *test;
    } else if (test->flags & XT_TEST_MORE) {
        w->state->test += (__u32)sizeof *test;
    } else {
        w->state->test = w->state->test_end = 0;
        return xt_walk_next(w, (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2)));
    }
    return 0;
}

#define XT_TESTS_A_STEP 3

/* A rule that isn't plain, or one for an odd packet: as far in one go as needs no long loop. */
XT_WALK_INLINE int xt_walk_examine(struct xt_walk* w) {
    struct xt_walk_state* s = w->state;
    int i;

    if (s->test == s->test_end && s->stage != 3 && xt_walk_check(w)) return XT_WALK_DONE;
    XT_WALK_UNROLL
    for (i = 0; i < XT_TESTS_A_STEP; i++)
        if (s->test != s->test_end && xt_walk_test(w)) return XT_WALK_DONE;
    if (!s->stage) return XT_WALK_ON;
    return s->stage == 3 && s->test == s->test_end ? xt_walk_holds(w) : XT_WALK_EXAMINE;
}

#endif

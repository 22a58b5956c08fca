/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A search in a trie of IPv4 routes, step by step: what fib_table_lookup (net/ipv4/fib_trie.c) would answer, for the plain cases;
 * anything else is unknown.
 */
#ifndef XTBPF_FIB_WALK_H
#define XTBPF_FIB_WALK_H

/* include/uapi/linux/rtnetlink.h */
enum {
    XT_RTN_UNSPEC = 0,
    XT_RTN_UNICAST = 1,
    XT_RTN_LOCAL = 2,
    XT_RTN_BROADCAST = 3,
    XT_RTN_MULTICAST = 5,
    XT_RTN_BLACKHOLE = 6,
};

/*
 * The trie: a key_vector with bits = 0 is a leaf; else an array of 1 << bits children that differ in the key bits from pos
 * upwards. A search goes down by the key; what it doesn't find there may be a shorter prefix, with zeros behind, so it goes
 * on in the children whose index has one more set bit cleared, then in the parent's.
 */
enum xt_fib_phase {
    XT_FIB_DOWN,
    XT_FIB_PREFIX,
    XT_FIB_BACK,
    XT_FIB_LEAF,
    XT_FIB_FOUND, /* `node` is the route's fib_alias */
    XT_FIB_NONE,
    XT_FIB_UNKNOWN,
};

struct xt_fib_walk {
    __u64 node;   /* where we are; of a leaf's list, the next */
    __u64 parent; /* where to go back to */
    __u32 key;
    __u32 index; /* of the child of `parent` that was tried last */
    __u32 rest;  /* key bits that differ from the leaf's */
    __u32 phase;
};

#define XT_FIB_STEPS 160
#define XT_FIB_ROOT_POS 32

static __always_inline __u64 xt_fib_child(__u64 node, __u32 index) {
    return xt_word(node + xt_offset(struct key_vector, leaf) + sizeof(void*) * index);
}

static __always_inline void xt_fib_enter_leaf(struct xt_fib_walk* walk, __u32 key) {
    walk->rest = walk->key ^ key;
    walk->node = xt_word(walk->node + xt_offset(struct key_vector, leaf));
    walk->phase = XT_FIB_LEAF;
}

static __always_inline void xt_fib_down(struct xt_fib_walk* walk) {
    struct key_vector* node = xt_cast(walk->node, struct key_vector);
    __u64 index = (__u64)(walk->key ^ node->key) >> (node->pos & 63);
    __u32 bits = node->bits & 31;

    if (index >> bits) {
        walk->phase = XT_FIB_PREFIX;
    } else if (!bits) {
        xt_fib_enter_leaf(walk, node->key);
    } else {
        if (node->slen > node->pos) {
            walk->parent = walk->node;
            walk->index = (__u32)index;
        }
        walk->node = xt_fib_child(walk->node, (__u32)index);
        if (!walk->node) walk->phase = XT_FIB_BACK;
    }
}

static __always_inline void xt_fib_prefix(struct xt_fib_walk* walk) {
    struct key_vector* node = xt_cast(walk->node, struct key_vector);
    __u32 key = node->key;

    walk->phase = XT_FIB_BACK;
    /* Bits of the node's key that differ must all be zero from the lowest set bit of that key on. */
    if ((walk->key ^ key) & (key | -key) || node->slen == node->pos) return;
    if (!node->bits) {
        xt_fib_enter_leaf(walk, key);
        return;
    }
    walk->node = xt_fib_child(walk->node, 0);
    if (walk->node) walk->phase = XT_FIB_PREFIX;
}

static __always_inline void xt_fib_back(struct xt_fib_walk* walk) {
    struct key_vector* parent = xt_cast(walk->parent, struct key_vector);

    if (!walk->index) {
        __u32 key = parent->key;
        if (parent->pos >= XT_FIB_ROOT_POS) {
            walk->phase = XT_FIB_NONE;
            return;
        }
        walk->parent = xt_word(walk->parent - xt_offset(struct tnode, kv) + xt_offset(struct tnode, parent));
        parent = xt_cast(walk->parent, struct key_vector);
        walk->index = (__u32)((__u64)(key ^ parent->key) >> (parent->pos & 63));
        return;
    }
    walk->index &= walk->index - 1;
    walk->node = xt_fib_child(walk->parent, walk->index);
    if (walk->node) walk->phase = XT_FIB_PREFIX;
}

/* fib_table_lookup()'s choice among a leaf's routes; one that depends on more than the address ends the search. */
static __always_inline void xt_fib_leaf(struct xt_fib_walk* walk) {
    struct fib_alias* alias;
    struct fib_info* info;
    __u64 start = walk->node - xt_offset(struct fib_alias, fa_list);

    if (!walk->node) {
        walk->phase = XT_FIB_BACK;
        return;
    }
    alias = xt_cast(start, struct fib_alias);
    walk->node = xt_word(walk->node);
    if ((__u64)walk->rest >> (alias->fa_slen & 63)) return;
    walk->phase = XT_FIB_UNKNOWN;
    info = alias->fa_info;
    if (alias->fa_dscp || info->fib_dead || info->fib_flags || info->nh || info->fib_nhs != 1) return;
    if (info->fib_nh[0].nh_common.nhc_flags & (1 | 16) || info->fib_nh[0].nh_common.nhc_lwtstate)
        return; /* RTNH_F_DEAD, _LINKDOWN */
    walk->phase = XT_FIB_FOUND;
    walk->node = start;
}

/* Begins in the table with this trie. */
static __always_inline void xt_fib_start(struct xt_fib_walk* walk, __u64 trie) {
    walk->parent = trie;
    walk->node = xt_fib_child(trie, 0);
    walk->phase = walk->node ? XT_FIB_DOWN : XT_FIB_NONE;
}

static long xt_fib_step(__u32 step __attribute__((unused)), struct xt_fib_walk* walk) {
    switch (walk->phase) {
    case XT_FIB_DOWN: xt_fib_down(walk); break;
    case XT_FIB_PREFIX: xt_fib_prefix(walk); break;
    case XT_FIB_BACK: xt_fib_back(walk); break;
    case XT_FIB_LEAF: xt_fib_leaf(walk); break;
    default: break;
    }
    return walk->phase >= XT_FIB_FOUND;
}

#endif

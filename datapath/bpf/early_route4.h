/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own IPv4 routes, read where they are: what fib_lookup() (net/ipv4/fib_frontend.c, fib_trie.c) would answer, for
 * the plain cases; anything else is unknown. bpf_fib_lookup() can't be asked on a host: it refuses where forwarding is off.
 */
#ifndef XTBPF_EARLY_ROUTE4_H
#define XTBPF_EARLY_ROUTE4_H

#include "datapath/bpf/early_context.h"

/* include/uapi/linux/rtnetlink.h */
enum { XT_RTN_UNSPEC = 0, XT_RTN_UNICAST = 1, XT_RTN_LOCAL = 2 };

struct xt_route {
    __u64 device; /* struct net_device * of a unicast route's only next hop */
    __u32 type;   /* XT_RTN_*; XT_RTN_UNSPEC: unknown here, or no route */
};

/*
 * The trie: a key_vector with bits = 0 is a leaf; else an array of 1 << bits children that differ in the key bits from pos
 * upwards. A search goes down by the key; what it doesn't find there may be a shorter prefix, with zeros behind, so it goes
 * on in the children whose index has one more set bit cleared, then in the parent's.
 */
enum xt_fib_phase { XT_FIB_DOWN, XT_FIB_PREFIX, XT_FIB_BACK, XT_FIB_LEAF, XT_FIB_DONE };

struct xt_fib_walk {
    struct xt_route* found;
    __u64 node;   /* where we are */
    __u64 parent; /* where to go back to */
    __u64 alias;  /* next of the leaf's list */
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
    walk->alias = xt_word(walk->node + xt_offset(struct key_vector, leaf));
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
            walk->phase = XT_FIB_DONE;
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

    if (!walk->alias) {
        walk->phase = XT_FIB_BACK;
        return;
    }
    alias = xt_cast(walk->alias - xt_offset(struct fib_alias, fa_list), struct fib_alias);
    walk->alias = xt_word(walk->alias);
    if ((__u64)walk->rest >> (alias->fa_slen & 63)) return;
    walk->phase = XT_FIB_DONE;
    info = alias->fa_info;
    if (alias->fa_dscp || info->fib_dead || info->fib_flags || info->nh || info->fib_nhs != 1) return;
    if (info->fib_nh[0].nh_common.nhc_flags & (1 | 16) || info->fib_nh[0].nh_common.nhc_lwtstate)
        return; /* RTNH_F_DEAD, _LINKDOWN */
    walk->found->device = (__u64)info->fib_nh[0].nh_common.nhc_dev;
    walk->found->type = alias->fa_type;
}

static long xt_fib_step(__u32 step __attribute__((unused)), struct xt_fib_walk* walk) {
    switch (walk->phase) {
    case XT_FIB_DOWN: xt_fib_down(walk); break;
    case XT_FIB_PREFIX: xt_fib_prefix(walk); break;
    case XT_FIB_BACK: xt_fib_back(walk); break;
    case XT_FIB_LEAF: xt_fib_leaf(walk); break;
    default: return 1;
    }
    return walk->phase == XT_FIB_DONE;
}

/* The route to `address` (host order) in the namespace of the device, for packets without any policy routing. */
__noinline int xt_route4(xt_ctx* ctx, __u32 address, struct xt_route* route) {
    struct net* net = xt_device(ctx)->nd_net.net;
    struct xt_fib_walk walk = {.found = route, .key = address};
    __u64 table = (__u64)net->ipv4.fib_main;

    if (!route) return 0;
    route->type = XT_RTN_UNSPEC;
    if (!table || (bpf_core_field_exists(net->ipv4.fib_has_custom_rules) && net->ipv4.fib_has_custom_rules)) return 0;
    walk.parent = xt_word(table + xt_offset(struct fib_table, tb_data));
    walk.node = xt_fib_child(walk.parent, 0);
    if (!walk.node) return 0;
    bpf_loop(XT_FIB_STEPS, xt_fib_step, &walk, 0);
    return (int)route->type;
}

/* Indexes into ipv4_devconf.data (include/uapi/linux/ip.h, IPV4_DEVCONF_* - 1) */
enum { XT_CONF_FORWARDING = 0, XT_CONF_RP_FILTER = 7 };

/* Addresses that the stack takes for martians or treats apart: this network, loopback, multicast, class E, broadcast. */
static __always_inline int xt_ordinary4(__u32 address) {
    __u32 net = address >> 24;
    return net != 0 && net != 127 && net < 224;
}

#define XT_QUICK_ADDRESSES 4

/* A guess at little cost, to be proved before it has consequences: one of the device's first addresses. */
static __always_inline int xt_seems_local4(xt_ctx* ctx, struct xt_view* v) {
    struct in_device* in = xt_device(ctx)->ip_ptr;
    __be32 address = bpf_htonl(v->daddr[0]);
    struct in_ifaddr* own;

    if (!in) return 0;
    own = in->ifa_list;
    for (int i = 0; i < XT_QUICK_ADDRESSES && own; i++, own = own->ifa_next)
        if (own->ifa_local == address) return 1;
    return 0;
}

__noinline int xt_prove_local4(xt_ctx* ctx, struct xt_view* v) {
    struct xt_route route = {};
    return v && xt_route4(ctx, v->daddr[0], &route) == XT_RTN_LOCAL;
}

/* fib_validate_source(): a source with a unicast route over this device passes any reverse path filter. */
__noinline int xt_prove_source4(xt_ctx* ctx, struct xt_view* v) {
    struct net_device* device = xt_device(ctx);
    struct in_device* in = device->ip_ptr;
    struct xt_route route = {};
    int own, all;

    if (!v || !in || !xt_ordinary4(v->saddr[0]) || !xt_ordinary4(v->daddr[0])) return 0;
    if (xt_route4(ctx, v->saddr[0], &route) != XT_RTN_UNICAST) return 0;
    if (route.device == (__u64)device) return 1;
    all = device->nd_net.net->ipv4.devconf_all->data[XT_CONF_RP_FILTER];
    own = in->cnf.data[XT_CONF_RP_FILTER];
    if (own < all) own = all;
    return own == 0 || (own == 2 && in->ifa_list);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof, part 2: between PREROUTING and the chain that drops, netfilter runs nothing but this project's own chains, the
 * defragmentation and conntrack. Asked of the kernel for each packet: a foreign chain (another nf_tables table, the kernel's
 * iptables, nat, IPVS...) would count or change the packet; and if our own chains are gone (nft flush ruleset), so are the rules.
 */
#ifndef XTBPF_EARLY_HOOKS_H
#define XTBPF_EARLY_HOOKS_H

#include "datapath/bpf/early_context.h"

enum xt_hook { XT_PREROUTING = 0, XT_INPUT = 1, XT_FORWARD = 2 };

/* include/uapi/linux/netfilter_ipv4.h, the same in netfilter_ipv6.h */
enum {
    XT_PRIORITY_DEFRAG = -400,
    XT_PRIORITY_RAW = -300,
    XT_PRIORITY_CONNTRACK = -200,
    XT_PRIORITY_MANGLE = -150,
    XT_PRIORITY_FILTER = 0,
    XT_PRIORITY_SECURITY = 50,
    XT_PRIORITY_NONE = 0x7fffffff, /* of a chain: look at all entries of the hook */
};

#define XT_HOOKS_FOREIGN (-1)

#define XT_MOST_HOOKS 16

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "names and bit fields are read as little-endian words"
#endif
#define XT_NAME_HEAD 0x73656c6261747069ULL /* "iptables" */
#define XT_NAME_TAIL 0x6670622dULL         /* "-bpf", and a zero byte */
#define XT_NAME_TAIL_MASK 0xffffffffffULL

/* A base chain of the nf_tables table "iptables-bpf": its hook's private data is the chain (nf_tables_addchain). */
static __always_inline int xt_is_our_chain(__u64 chain) {
    __u64 table = xt_word(chain + xt_offset(struct nft_chain, table));
    __u64 name = xt_word(table + xt_offset(struct nft_table, name));

    return xt_word(name) == XT_NAME_HEAD && (xt_word(name + 8) & XT_NAME_TAIL_MASK) == XT_NAME_TAIL;
}

/*
 * Looks at the entries of a hook in their order, up to and with our chain of `priority`. XT_HOOKS_FOREIGN: others are among them;
 * else whether conntrack is, not 0 if so. That is summed up without a branch, or the verifier would go on with each case by itself.
 */
__noinline int xt_prove_hooks(xt_ctx* ctx, int family, int hook, int priority) {
    struct net* net = xt_device(ctx)->nd_net.net;
    __u64 lists =
        (__u64)net + (family == XT_V4 ? xt_offset(struct net, nf.hooks_ipv4) : xt_offset(struct net, nf.hooks_ipv6));
    __u64 list = xt_word(lists + sizeof(void*) * (unsigned)hook);
    int conntrack = 0;
    __u64 entries, operations;
    __u32 count;

    if (!list) return priority == XT_PRIORITY_NONE ? 0 : XT_HOOKS_FOREIGN;
    count = xt_cast(list, struct nf_hook_entries)->num_hook_entries;
    entries = list + xt_offset(struct nf_hook_entries, hooks);
    /* Behind the entries lie as many pointers to their registrations (nf_hook_entries_get_hook_ops). */
    operations = entries + count * sizeof(struct nf_hook_entry);
    for (__u32 i = 0; i < XT_MOST_HOOKS; i++) {
        struct nf_hook_ops* operation;
        int at;
        __u64 type;

        if (i >= count) return priority == XT_PRIORITY_NONE ? conntrack : XT_HOOKS_FOREIGN;
        operation = xt_cast(xt_word(operations + i * sizeof(void*)), struct nf_hook_ops);
        at = operation->priority;
        type = xt_bits(operation, hook_ops_type);
        if (type == bpf_core_enum_value(enum nf_hook_ops_type, NF_HOOK_OP_NF_TABLES)) {
            __u64 chain = xt_word(entries + i * sizeof(struct nf_hook_entry) + xt_offset(struct nf_hook_entry, priv));
            if (!xt_is_our_chain(chain)) return XT_HOOKS_FOREIGN;
            if (at == priority) return conntrack;
        } else {
            if (hook != XT_PREROUTING || type != 0 || (at != XT_PRIORITY_CONNTRACK && at != XT_PRIORITY_DEFRAG))
                return XT_HOOKS_FOREIGN;
            conntrack |= at - XT_PRIORITY_DEFRAG;
        }
    }
    return XT_HOOKS_FOREIGN;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof, part 3: behind conntrack a packet may be dropped unseen by it only if it would leave no trace there. One without an
 * entry leaves none: its entry would have been confirmed behind the last hook only. One of a known connection moves timeouts
 * and TCP windows.
 */
#ifndef XTBPF_EARLY_CONNTRACK_H
#define XTBPF_EARLY_CONNTRACK_H

#include "datapath/bpf/early_context.h"

struct nf_conn {
    unsigned long status;
} __attribute__((preserve_access_index));

struct bpf_ct_opts___early {
    __s32 netns_id;
    __s32 error;
    __u8 l4proto;
    __u8 dir;
    __u8 reserved[2];
};

#ifdef XT_EARLY_XDP
extern struct nf_conn* bpf_xdp_ct_lookup(struct xdp_md*, struct bpf_sock_tuple*, __u32, struct bpf_ct_opts___early*,
                                         __u32)
__ksym __weak;
#define xt_ct_lookup bpf_xdp_ct_lookup
#else
extern struct nf_conn* bpf_skb_ct_lookup(struct __sk_buff*, struct bpf_sock_tuple*, __u32, struct bpf_ct_opts___early*,
                                         __u32)
__ksym __weak;
#define xt_ct_lookup bpf_skb_ct_lookup
#endif
extern void bpf_ct_release(struct nf_conn*) __ksym __weak;

#define XT_ENOENT 2

__noinline int xt_prove_unknown_connection(xt_ctx* ctx, struct xt_view* v, int family) {
    struct bpf_ct_opts___early options = {.netns_id = BPF_F_CURRENT_NETNS};
    struct bpf_sock_tuple tuple = {};
    struct nf_conn* connection;
    __u32 size = sizeof tuple.ipv4;

    if (!v || !xt_ct_lookup) return 0;
    if (v->proto != XT_TCP && v->proto != XT_UDP) return 0;
    options.l4proto = v->proto;
    if (family == XT_V4) {
        tuple.ipv4.saddr = bpf_htonl(v->saddr[0]);
        tuple.ipv4.daddr = bpf_htonl(v->daddr[0]);
        tuple.ipv4.sport = bpf_htons(v->sport);
        tuple.ipv4.dport = bpf_htons(v->dport);
    } else {
        size = sizeof tuple.ipv6;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            tuple.ipv6.saddr[i] = bpf_htonl(v->saddr[i]);
            tuple.ipv6.daddr[i] = bpf_htonl(v->daddr[i]);
        }
        tuple.ipv6.sport = bpf_htons(v->sport);
        tuple.ipv6.dport = bpf_htons(v->dport);
    }
    connection = xt_ct_lookup(ctx, &tuple, size, &options, sizeof options);
    if (connection) {
        bpf_ct_release(connection);
        return 0;
    }
    return options.error == -XT_ENOENT;
}

#endif

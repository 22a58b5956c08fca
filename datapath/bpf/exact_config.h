/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader tells the exact stage's programs before it loads them; constants to the verifier, so that what a table
 * doesn't need costs nothing. Shared with datapath/exact_programs.cpp.
 */
#ifndef XTBPF_EXACT_CONFIG_H
#define XTBPF_EXACT_CONFIG_H

#include <linux/types.h>

/* NF_INET_* */
enum {
    XT_HOOK_PREROUTING = 0,
    XT_HOOK_INPUT = 1,
    XT_HOOK_FORWARD = 2,
    XT_HOOK_OUTPUT = 3,
    XT_HOOK_POSTROUTING = 4,
};

struct xt_exact_config {
    __u32 hz;          /* jiffies per second */
    __u32 nf_conn_id;  /* BTF id of struct nf_conn; 0: not needed */
    __u32 image_bytes; /* of xt_image; 0: no chain is data */
    __u16 out_need;    /* 1 + the need by which OUTPUT asks for its out-device; 0: it needn't ask */
    __u8 ipv6;
    __u8 stops;   /* some rule needs the kernel before the traversal can go on */
    __u8 effects; /* some rule has an effect */
    /* Parts of the view that rules read. */
    __u8 names;
    __u8 transport;
    __u8 ext_headers;
    __u8 conntrack;
    __u8 tuples;
    __u8 owner;
    __u8 mac;
    __u8 packet_type;
    __u8 bare; /* 1 << hook for those without any rule: only the policy counts there */
};

#ifdef __bpf__
const volatile struct xt_exact_config config = {.hz = 250, .image_bytes = 4096};
#endif

#endif

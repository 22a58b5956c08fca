/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 routes: part of kernel.h and early_kernel.h, which have the types that these are made of. */
#ifndef XTBPF_FIB_KERNEL_H
#define XTBPF_FIB_KERNEL_H

struct fib_table {
    struct hlist_node tb_hlist;
    __u32 tb_id;
    unsigned long* tb_data;
};

struct fib_nh_common {
    struct net_device* nhc_dev;
    unsigned char nhc_flags;
    struct lwtunnel_state* nhc_lwtstate;
};

struct fib_nh {
    struct fib_nh_common nh_common;
};

struct fib_info {
    unsigned int fib_flags;
    unsigned char fib_dead;
    int fib_nhs;
    struct nexthop* nh;
    struct fib_nh fib_nh[];
};

struct fib_alias {
    struct hlist_node fa_list;
    struct fib_info* fa_info;
    __u8 fa_dscp;
    __u8 fa_type;
    __u8 fa_slen;
};

struct key_vector {
    __u32 key;
    unsigned char pos;
    unsigned char bits;
    unsigned char slen;
    struct hlist_head leaf;
};

struct tnode {
    struct key_vector* parent;
    struct key_vector kv[1];
};

#endif

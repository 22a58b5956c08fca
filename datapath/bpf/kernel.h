/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's structures as far as the programs read them; offsets are relocated at load time (CO-RE), so only names and
 * types matter here. Written by hand so that building needs no running kernel's BTF.
 */
#ifndef XTBPF_KERNEL_H
#define XTBPF_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
    struct hlist_node* next;
};

struct hlist_head {
    struct hlist_node* first;
};

#include "datapath/bpf/fib_kernel.h"

struct netns_ipv4 {
    struct fib_table* fib_main;
    _Bool fib_has_custom_rules;
    struct hlist_head* fib_table_hash;
};

struct net {
    struct hlist_head* dev_index_head;
    struct netns_ipv4 ipv4;
};

typedef struct {
    struct net* net;
} possible_net_t;

struct net_device {
    char name[16];
    unsigned short type;
    unsigned int flags;
    int ifindex;
    int group;
    possible_net_t nd_net;
    struct hlist_node index_hlist;
};

struct dst_entry {
    struct net_device* dev;
    unsigned short flags;
    __u32 tclassid;
    struct xfrm_state* xfrm;
};

struct xfrm_state;

struct sock;

struct sock_common {
    unsigned short skc_family;
    volatile unsigned char skc_state;
    struct sock* skc_listener;
    possible_net_t skc_net;
};

struct sock_cgroup_data {
    __u32 classid;
};

typedef struct {
    __u32 val;
} kuid_t;

typedef struct {
    __u32 val;
} kgid_t;

struct cred {
    kuid_t fsuid;
    kgid_t fsgid;
};

struct file {
    const struct cred* f_cred;
};

struct socket {
    struct file* file;
};

struct sock {
    struct sock_common __sk_common;
    struct socket* sk_socket;
    __u32 sk_mark;
    struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
    struct sock sk;
    __u8 tos;
};

struct sk_buff {
    struct net_device* dev;
    struct sock* sk;
    unsigned long _skb_refdst;
    unsigned long _nfct;
    int skb_iif;
    unsigned int len;
    unsigned int data_len;
    __u16 mac_header;
    __u16 network_header;
    __u8 active_extensions;
    __u8 nf_trace : 1; /* with TRACE or nf_tables in the kernel */
    struct skb_ext* extensions;
    unsigned char* head;
    unsigned char* data;
};

/* The Ethernet header lies in packet memory, its layout is no kernel's choice; bpf_rdonly_cast wants a type of the kernel. */
struct ethhdr {
    unsigned char h_dest[6];
    unsigned char h_source[6];
    __be16 h_proto;
};

union nf_inet_addr {
    __u32 all[4];
};

union nf_conntrack_man_proto {
    __be16 all;
};

struct nf_conntrack_man {
    union nf_inet_addr u3;
    union nf_conntrack_man_proto u;
};

struct nf_conntrack_tuple {
    struct nf_conntrack_man src;
    struct {
        union nf_inet_addr u3;
        union {
            __be16 all;
        } u;
        __u8 protonum;
    } dst;
};

struct nf_conntrack_tuple_hash {
    struct nf_conntrack_tuple tuple;
};

/* linux/netfilter's nf_conntrack_extend.h; before Linux 6.2 with a generation of its own */
struct nf_ct_ext {
    __u8 offset[9];
    unsigned int gen_id;
};

enum nf_ct_ext_id { NF_CT_EXT_HELPER, NF_CT_EXT_ACCT, NF_CT_EXT_LABELS };

struct timespec64 {
    __s64 tv_sec;
};

typedef struct {
    __s64 counter;
} atomic64_t;

struct nf_conn_counter {
    atomic64_t packets, bytes;
};

struct nf_conntrack_helper {
    char name[16];
};

struct nf_conn_help {
    struct nf_conntrack_helper* helper;
};

struct nf_conn {
    __u32 timeout;
    struct nf_conntrack_tuple_hash tuplehash[2];
    unsigned long status;
    __u32 mark;
    struct nf_conn* master;
    struct nf_ct_ext* ext;
};

enum skb_ext_id { SKB_EXT_BRIDGE_NF, SKB_EXT_SEC_PATH };

struct skb_ext {
    __u8 offset[3];
};

struct nf_bridge_info {
    int physinif;
    struct net_device* physoutdev;
};

struct hrtimer_cpu_base;

struct hrtimer_clock_base {
    struct hrtimer_cpu_base* cpu_base;
    __s64 offset;
};

struct hrtimer_cpu_base {
    unsigned int online : 1;
    struct hrtimer_clock_base clock_base[8];
};

struct hrtimer {
    struct hrtimer_clock_base* base;
};

struct sched_dl_entity {
    struct hrtimer dl_timer;
};

struct task_struct {
    struct sched_dl_entity dl;
};

#pragma clang attribute pop

#include "datapath/bpf/kernel_read.h"

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's structures as far as the early stage asks them about devices, hooks and routes; offsets are relocated at load
 * time (CO-RE), so only names and types matter. Written by hand so that building needs no running kernel's BTF.
 *
 * Programs at XDP and tc run inside one RCU read section, so what is found by walking pointers here stays valid meanwhile; a
 * load from a bad address gives 0 (the verifier makes all loads through such pointers faultless).
 */
#ifndef XTBPF_EARLY_KERNEL_H
#define XTBPF_EARLY_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ethhdr {
    unsigned char h_dest[6];
};

struct timespec64 {
    long long tv_sec;
};

struct list_head {
    struct list_head *next, *prev;
};

struct hlist_node {
    struct hlist_node* next;
};

struct hlist_head {
    struct hlist_node* first;
};

struct nf_hook_entry {
    int (*hook)(void);
    void* priv;
};

struct nf_hook_entries {
    __u16 num_hook_entries;
    struct nf_hook_entry hooks[];
};

enum nf_hook_ops_type { NF_HOOK_OP_UNDEFINED, NF_HOOK_OP_NF_TABLES };

struct nf_hook_ops {
    enum nf_hook_ops_type hook_ops_type : 8;
    int priority;
};

struct nft_table {
    char* name;
};

struct nft_chain {
    struct nft_table* table;
};

struct netns_nf {
    struct nf_hook_entries* hooks_ipv4[5];
    struct nf_hook_entries* hooks_ipv6[5];
};

struct ipv4_devconf {
    int data[33];
};

typedef struct {
    int counter;
} atomic_t;

#include "datapath/bpf/fib_kernel.h"

struct netns_ipv4 {
    struct ipv4_devconf* devconf_all;
    struct fib_table* fib_main;
    struct fib_table* fib_default;
    _Bool fib_has_custom_rules;
};

struct netns_ipv6 {
    _Bool fib6_has_custom_rules;
};

struct netns_xfrm {
    unsigned int policy_count[6];
    __u8 policy_default[3];
};

struct net {
    struct list_head ptype_all;
    struct list_head ptype_specific;
    struct netns_ipv4 ipv4;
    struct netns_ipv6 ipv6;
    struct netns_nf nf;
    struct netns_xfrm xfrm;
    __u64 net_cookie;
};

typedef struct {
    struct net* net;
} possible_net_t;

struct in_ifaddr {
    struct in_ifaddr* ifa_next;
    __be32 ifa_local;
};

struct in_device {
    struct in_ifaddr* ifa_list;
    struct ipv4_devconf cnf;
};

struct ipv6_devconf {
    int disable_ipv6;
};

struct inet6_dev {
    struct list_head addr_list;
    struct ipv6_devconf cnf;
};

struct fib6_node;

struct fib6_info {
    struct fib6_node* fib6_node;
};

struct in6_addr {
    union {
        __be32 u6_addr32[4];
    } in6_u;
};

struct inet6_ifaddr {
    struct in6_addr addr;
    __u32 flags;
    struct fib6_info* rt;
    struct list_head if_list;
};

struct rtnl_link_ops {
    const char* kind;
};

enum netdev_priv_flags { IFF_L3MDEV_SLAVE = 1 << 21 };

struct bpf_mprog_entry;
struct mini_Qdisc;
struct dsa_port;

struct net_device {
    unsigned long priv_flags : 32;
    __u64 features;
    struct in_device* ip_ptr;
    struct inet6_dev* ip6_ptr;
    struct list_head ptype_all;
    struct list_head ptype_specific;
    int ifindex;
    int (*rx_handler)(void);
    possible_net_t nd_net;
    struct bpf_mprog_entry* tcx_ingress; /* Linux 6.6; before: miniq_ingress */
    struct mini_Qdisc* miniq_ingress;
    struct nf_hook_entries* nf_hooks_ingress;
    struct dsa_port* dsa_ptr;
    char name[16];
    struct {
        struct list_head upper;
        struct list_head lower;
    } adj_list;
    unsigned short type;
    const unsigned char* dev_addr;
    const struct rtnl_link_ops* rtnl_link_ops;
};

struct packet_type {
    __be16 type;
    struct list_head list;
};

struct xdp_rxq_info {
    struct net_device* dev;
};

struct xdp_buff {
    struct xdp_rxq_info* rxq;
};

struct sk_buff {
    struct net_device* dev;
    struct sock* sk;
    unsigned long _skb_refdst;
    unsigned long _nfct;
    __u8 active_extensions;
    __u32 vlan_all;
    __u32 mark;
};

/* What drivers/net/veth.c hands to XDP programs. */
struct veth_xdp_buff {
    struct xdp_buff xdp;
    struct sk_buff* skb;
};

#pragma clang attribute pop

#include "datapath/bpf/kernel_read.h"

#endif

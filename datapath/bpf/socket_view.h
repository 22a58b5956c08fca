/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view of a packet at a netfilter hook: what the kernel's matches read of the skb, its route, its connection, its socket. */
#ifndef XTBPF_SOCKET_VIEW_H
#define XTBPF_SOCKET_VIEW_H

/* include/uapi/linux/netfilter/xt_conntrack.h and nf_conntrack_common.h */
enum {
    XT_CTINFO_IS_REPLY = 3,
    XT_CTINFO_UNTRACKED = 7,
    XT_CT_INVALID = 1 << 0,
    XT_CT_SNAT = 1 << 6,
    XT_CT_DNAT = 1 << 7,
    XT_CT_UNTRACKED = 1 << 8,
    XT_IPS_SRC_NAT = 1 << 4,
    XT_IPS_DST_NAT = 1 << 5,
};

enum {
    XT_ARPHRD_ETHER = 1,
    XT_ETH_HLEN = 14,
    XT_PACKET_BROADCAST = 1,
    XT_PACKET_MULTICAST = 2,
    XT_PACKET_LOOPBACK = 5,
    XT_DST_FAKE_RTABLE = 0x10, /* include/net/dst.h */
    XT_TCP_TIME_WAIT = 6,
    XT_TCP_NEW_SYN_RECV = 12,
    XT_AF_INET = 2,
    XT_AF_INET6 = 10,
};

static __always_inline void xt_device_name(__u8* to, struct net_device* device) {
    const __u64* name = (const __u64*)device->name;
    ((__u64*)to)[0] = name[0];
    ((__u64*)to)[1] = name[1];
}

/* NETDEV_HASHENTRIES; devices of one namespace that can share a bucket before the last of them is overlooked. */
#define XT_DEVICE_BUCKETS 256
#define XT_MOST_IN_BUCKET 64

/* dev_get_by_index_rcu (net/core/dev.c) */
static __always_inline struct net_device* xt_device_by_index(struct net* net, int ifindex) {
    struct hlist_head* bucket = net->dev_index_head;
    struct hlist_node* node;
    unsigned long at = (unsigned long)bucket + (ifindex & (XT_DEVICE_BUCKETS - 1)) * sizeof(struct hlist_head);

    node = xt_cast(at, struct hlist_head)->first;
    for (int i = 0; i < XT_MOST_IN_BUCKET && node; i++) {
        unsigned long start = (unsigned long)node - bpf_core_field_offset(struct net_device, index_hlist);
        struct net_device* device = xt_cast(start, struct net_device);
        if (device->ifindex == ifindex) return device;
        node = xt_cast(node, struct hlist_node)->next;
    }
    return 0;
}

/* state->in and state->out as the stack passes them at each hook (ip_rcv, ip_local_deliver, ip_forward, __ip_local_out,
 * ip_output). At POSTROUTING skb->dev is already the out-device: the in-device is the one the packet came by. A bridged packet,
 * which carries the bridge's own fake route, has the bridge for both (br_nf_forward_ip of net/bridge/br_netfilter_hooks.c). */
static __always_inline void xt_device_names(struct sk_buff* skb, struct xt_view* v, int hook) {
    struct net_device* in = xt_untrusted(skb)->dev;

    if (hook != XT_HOOK_PREROUTING && hook != XT_HOOK_INPUT) {
        unsigned long route = skb->_skb_refdst & ~1UL; /* SKB_DST_NOREF */
        if (route) {
            struct dst_entry* dst = xt_cast(route, struct dst_entry);
            xt_device_name(v->out_name, dst->dev);
            if (dst->flags & XT_DST_FAKE_RTABLE) in = dst->dev;
        }
    }
    if (hook == XT_HOOK_POSTROUTING) {
        if (skb->skb_iif && in) in = xt_device_by_index(in->nd_net.net, skb->skb_iif);
        if (skb->skb_iif && in) xt_device_name(v->in_name, in);
    } else if (hook != XT_HOOK_OUTPUT && in) {
        xt_device_name(v->in_name, in);
    }
}

static __always_inline int xt_translates(const struct nf_conntrack_tuple* sent,
                                         const struct nf_conntrack_tuple* other) {
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (sent->dst.u3.all[i] != other->src.u3.all[i]) return 1;
    return 0;
}

/* Whether another route than the hook was called with may have been taken meanwhile. If in doubt, yes: nat does so where the
 * connection's destination is another (nf_nat_ipv4_local_fn of net/netfilter/nf_nat_proto.c), mangle where mark or TOS changed
 * (ipt_mangle_out of net/ipv4/netfilter/iptable_mangle.c), which both begin as the socket's. */
static __always_inline int xt_may_be_rerouted(struct sk_buff* skb, struct xt_view* v) {
    unsigned long nfct = skb->_nfct;
    struct sock* sk = xt_untrusted(skb)->sk;
    __u8 state;

    if (nfct & ~7UL) {
        struct nf_conn* ct;
        int reply = (nfct & 7) >= XT_CTINFO_IS_REPLY;

        if (!config.nf_conn_id) return 1;
        ct = bpf_rdonly_cast((void*)(nfct & ~7UL), config.nf_conn_id);
        if (reply ? xt_translates(&ct->tuplehash[1].tuple, &ct->tuplehash[0].tuple)
                  : xt_translates(&ct->tuplehash[0].tuple, &ct->tuplehash[1].tuple))
            return 1;
    }
    if (!sk) return 1;
    state = sk->__sk_common.skc_state;
    if (state == XT_TCP_TIME_WAIT || state == XT_TCP_NEW_SYN_RECV) return 1;
    if (sk->__sk_common.skc_family != XT_AF_INET && sk->__sk_common.skc_family != XT_AF_INET6) return 1;
    if (sk->sk_mark != v->mark) return 1;
    return !config.ipv6 && xt_cast(sk, struct inet_sock)->tos != v->tos;
}

static __always_inline void xt_address(__u32* to, const union nf_inet_addr* from) {
#pragma unroll
    for (int i = 0; i < 4; i++)
        to[i] = bpf_ntohl(from->all[i]);
}

/* conntrack_mt of net/netfilter/xt_conntrack.c */
static __always_inline void xt_connection(struct sk_buff* skb, struct xt_view* v) {
    unsigned long nfct = skb->_nfct;
    __u32 ctinfo = nfct & 7;
    struct nf_conn* ct;
    __u32 status;

    if (!(nfct & ~7UL)) {
        v->ct_state = ctinfo == XT_CTINFO_UNTRACKED ? XT_CT_UNTRACKED : XT_CT_INVALID;
        return;
    }
    ct = bpf_rdonly_cast((void*)(nfct & ~7UL), config.nf_conn_id);
    status = (__u32)ct->status;
    v->ct_present = 1;
    v->ct_dir = ctinfo >= XT_CTINFO_IS_REPLY;
    v->ct_state = 1U << (ctinfo % XT_CTINFO_IS_REPLY + 1);
    if (status & XT_IPS_SRC_NAT) v->ct_state |= XT_CT_SNAT;
    if (status & XT_IPS_DST_NAT) v->ct_state |= XT_CT_DNAT;
    v->ct_status = status;
    v->ct_mark = ct->mark;
    if (!config.tuples) return;
    {
        __s32 left = (__s32)(ct->timeout - (__u32)bpf_jiffies64()); /* nf_ct_expires */
        v->ct_expires = left > 0 ? (__u32)left / config.hz : 0;
    }
    v->ct_proto = ct->tuplehash[0].tuple.dst.protonum;
    xt_address(v->ct_orig_src, &ct->tuplehash[0].tuple.src.u3);
    xt_address(v->ct_orig_dst, &ct->tuplehash[0].tuple.dst.u3);
    xt_address(v->ct_repl_src, &ct->tuplehash[1].tuple.src.u3);
    xt_address(v->ct_repl_dst, &ct->tuplehash[1].tuple.dst.u3);
    v->ct_orig_sport = bpf_ntohs(ct->tuplehash[0].tuple.src.u.all);
    v->ct_orig_dport = bpf_ntohs(ct->tuplehash[0].tuple.dst.u.all);
    v->ct_repl_sport = bpf_ntohs(ct->tuplehash[1].tuple.src.u.all);
    v->ct_repl_dport = bpf_ntohs(ct->tuplehash[1].tuple.dst.u.all);
}

/* owner_mt of net/netfilter/xt_owner.c, skb_to_full_sk of include/net/inet_sock.h */
static __always_inline void xt_socket_owner(struct sk_buff* skb, struct xt_view* v) {
    struct sock* sk = xt_untrusted(skb)->sk;
    struct socket* socket;
    struct file* file;
    const struct cred* cred;

    if (sk && sk->__sk_common.skc_state == XT_TCP_NEW_SYN_RECV) sk = xt_cast(sk->__sk_common.skc_listener, struct sock);
    if (!sk || sk->__sk_common.skc_state == XT_TCP_TIME_WAIT) return;
    socket = sk->sk_socket;
    if (!socket) return;
    v->owner = XT_OWNER_NO_FILE;
    file = socket->file;
    if (!file) return;
    cred = file->f_cred;
    v->owner = XT_OWNER_FILE;
    v->uid = cred->fsuid.val;
    v->gid = cred->fsgid.val;
}

/* mac_mt of net/netfilter/xt_mac.c */
static __always_inline void xt_source_mac(struct sk_buff* skb, struct xt_view* v) {
    const struct net_device* device = xt_untrusted(skb)->dev;
    const unsigned char* mac = skb->head + skb->mac_header;
    struct ethhdr* eth;

    if (!device || device->type != XT_ARPHRD_ETHER || mac + XT_ETH_HLEN > skb->data) return;
    eth = xt_cast(mac, struct ethhdr);
    v->mac_valid = 1;
    v->mac_src_hi = (__u16)(eth->h_source[0] << 8 | eth->h_source[1]);
    v->mac_src_lo =
        (__u32)eth->h_source[2] << 24 | (__u32)eth->h_source[3] << 16 | (__u32)eth->h_source[4] << 8 | eth->h_source[5];
}

/* pkttype_mt of net/netfilter/xt_pkttype.c */
static __always_inline void xt_packet_type(struct __sk_buff* ctx, struct xt_view* v) {
    v->pkttype = (__u8)ctx->pkt_type;
    if (v->pkttype != XT_PACKET_LOOPBACK) return;
    if (config.ipv6 ? v->daddr[0] >> 24 == 0xff : v->daddr[0] >> 28 == 0xe)
        v->pkttype = XT_PACKET_MULTICAST;
    else
        v->pkttype = XT_PACKET_BROADCAST;
}

/* What isn't in the headers that every packet has. */
static __noinline void xt_fill_more(struct __sk_buff* ctx, struct xt_view* v, int hook) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);

    if (config.ext_headers) xt_extension_headers(ctx, v);
    if (config.names) xt_device_names(skb, v, hook);
    if (config.conntrack) xt_connection(skb, v);
    if (config.owner) xt_socket_owner(skb, v);
    if (config.mac) xt_source_mac(skb, v);
    if (config.packet_type) xt_packet_type(ctx, v);
}

/* Inline, as a call costs as much as it does, and with few variables, as the view's frame is large. */
static __always_inline int xt_fill(struct __sk_buff* ctx, struct xt_view* v, int hook) {
    v->len = ctx->len;
    v->mark = ctx->mark;
    if (config.ipv6 ? xt_parse_ipv6(ctx, v) : xt_parse_ipv4(ctx, v)) return -1;
    if (config.transport) xt_transport(ctx, v);
    if (config.ext_headers || config.names || config.conntrack || config.owner || config.mac || config.packet_type)
        xt_fill_more(ctx, v, hook);
    return 0;
}

#endif

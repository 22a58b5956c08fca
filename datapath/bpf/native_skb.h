/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy and physdev: what hangs on the packet. */
#ifndef XTBPF_NATIVE_SKB_H
#define XTBPF_NATIVE_SKB_H

enum {
    XT_POLICY_IN = 1, /* linux/netfilter/xt_policy.h */
    XT_POLICY_NONE = 4,
    XT_BRIDGE_IN = 1, /* XT_PHYSDEV_OP_* of linux/netfilter/xt_physdev.h */
    XT_BRIDGE_OUT = 2,
    XT_BRIDGE_BRIDGED = 4,
    XT_BRIDGE_ISIN = 8,
    XT_BRIDGE_ISOUT = 16,
    XT_ETHERTYPE_IPV6 = 0x86dd,
    XT_EXTENSION_UNIT = 8, /* SKB_EXT_ALIGN_VALUE of include/linux/skbuff.h */
};

/* skb_ext_exist; the kernel is to be asked where it can't be told. */
#define xt_skb_has(skb, id)                                                                                            \
    (!bpf_core_field_exists((skb)->active_extensions) || !bpf_core_enum_value_exists(enum skb_ext_id, id)              \
         ? XT_ASK                                                                                                      \
         : (skb)->active_extensions >> (bpf_core_enum_value(enum skb_ext_id, id) & 7) & 1)

/* cgroup_mt_v2 of net/netfilter/xt_cgroup.c with --path: no without a socket */
__noinline int rt_socket(struct __sk_buff* ctx, struct xt_view* v, __u64 unused __attribute__((unused)),
                         __u64 unused2 __attribute__((unused)), __u64 unused3 __attribute__((unused))) {
    if (!v || xt_must_ask(ctx, v)) return XT_ASK;
    return xt_full_socket(bpf_cast_to_kern_ctx(ctx)) ? XT_ASK : XT_NO;
}

/* eui64_mt6 of net/ipv6/netfilter/ip6t_eui64.c: the source address ends in what the Ethernet header's makes. */
__noinline int rt_eui64(struct __sk_buff* ctx, struct xt_view* v, __u64 unused __attribute__((unused)),
                        __u64 unused2 __attribute__((unused)), __u64 unused3 __attribute__((unused))) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    const struct net_device* device = xt_untrusted(skb)->dev;
    const unsigned char* mac = skb->head + skb->mac_header;
    struct ethhdr* eth;
    __u32 high, low;

    if (!v || xt_must_ask(ctx, v)) return XT_ASK;
    if (!device || device->type != XT_ARPHRD_ETHER || mac + XT_ETH_HLEN > skb->data) return XT_ASK;
    eth = xt_cast(mac, struct ethhdr);
    if (eth->h_proto != bpf_htons(XT_ETHERTYPE_IPV6)) return XT_ASK;
    high = (__u32)(eth->h_source[0] ^ 2) << 24 | (__u32)eth->h_source[1] << 16 | (__u32)eth->h_source[2] << 8 | 0xff;
    low = 0xfe000000 | (__u32)eth->h_source[3] << 16 | (__u32)eth->h_source[4] << 8 | eth->h_source[5];
    return v->saddr[2] == high && v->saddr[3] == low;
}

/* policy_mt of net/netfilter/xt_policy.c: a packet that IPsec has nothing to do with; others are the kernel's. */
__noinline int rt_policy(struct __sk_buff* ctx, struct xt_view* v, __u64 flags, __u64 unused __attribute__((unused)),
                         __u64 unused2 __attribute__((unused))) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    int transformed = XT_ASK;

    if (!v || xt_must_ask(ctx, v)) return XT_ASK;
    if (flags & XT_POLICY_IN) {
        transformed = xt_skb_has(skb, SKB_EXT_SEC_PATH);
    } else {
        struct dst_entry* dst = xt_route_of(skb);
        if (dst && bpf_core_field_exists(dst->xfrm)) transformed = dst->xfrm != 0;
    }
    if (transformed == XT_ASK) return XT_ASK;
    if (flags & XT_POLICY_NONE) return transformed ? XT_NO : XT_YES;
    return transformed ? XT_ASK : XT_NO;
}

/* Whether the device has the name; `bytes` of it are compared. */
static __always_inline int xt_is_named(struct net_device* device, __u64 first, __u64 second, __u32 bytes) {
    const __u64* name = (const __u64*)device->name;
    __u64 low = bytes >= 8 ? ~0ULL : (1ULL << bytes * 8) - 1;
    __u64 high = bytes >= 16 ? ~0ULL : bytes <= 8 ? 0 : (1ULL << (bytes - 8) * 8) - 1;

    return !((name[0] ^ first) & low) && !((name[1] ^ second) & high);
}

/* physdev_mt of net/netfilter/xt_physdev.c; `first`, `second`: the name */
__noinline int rt_physdev(struct __sk_buff* ctx, struct xt_view* v, __u64 first, __u64 second, __u64 asked) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    __u32 used = (__u8)(asked >> XT_PHYSDEV_USED), invert = (__u8)(asked >> XT_PHYSDEV_INVERT);
    __u32 bytes = (__u8)(asked >> XT_PHYSDEV_LENGTH);
    struct nf_bridge_info* bridge = 0;
    struct net_device *device = xt_untrusted(skb)->dev, *in, *out;
    unsigned long extension;
    int bridged;

    if (!v || xt_must_ask(ctx, v)) return XT_ASK;
    bridged = xt_skb_has(skb, SKB_EXT_BRIDGE_NF);
    if (bridged == XT_ASK) return XT_ASK;
    if (!bridged) return used & ~invert ? XT_NO : XT_YES;
    if (!bpf_core_field_exists(bridge->physinif) || !device) return XT_ASK;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) return XT_ASK; /* xt_is_named */
    extension = (unsigned long)xt_untrusted(skb)->extensions;
    extension += XT_EXTENSION_UNIT * xt_byte(extension + xt_offset(struct skb_ext, offset) +
                                             bpf_core_enum_value(enum skb_ext_id, SKB_EXT_BRIDGE_NF));
    bridge = xt_cast(extension, struct nf_bridge_info);
    out = bridge->physoutdev;
    in = xt_device_by_index(device->nd_net.net, bridge->physinif);
    if (!in && bridge->physinif) return XT_ASK;
    if (used & XT_BRIDGE_BRIDGED && !out != !!(invert & XT_BRIDGE_BRIDGED)) return XT_NO;
    if (used & XT_BRIDGE_ISIN && !in != !!(invert & XT_BRIDGE_ISIN)) return XT_NO;
    if (used & XT_BRIDGE_ISOUT && !out != !!(invert & XT_BRIDGE_ISOUT)) return XT_NO;
    if (used & XT_BRIDGE_IN && in && xt_is_named(in, first, second, bytes) == !!(invert & XT_BRIDGE_IN)) return XT_NO;
    if (!(used & XT_BRIDGE_OUT)) return XT_YES;
    return out && xt_is_named(out, first, second, bytes) != !!(invert & XT_BRIDGE_OUT);
}

#endif

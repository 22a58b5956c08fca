/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connbytes, connlabel and helper from the connection's own entry. */
#ifndef XTBPF_NATIVE_CONNECTION_H
#define XTBPF_NATIVE_CONNECTION_H

/* linux/netfilter/xt_connbytes.h */
enum { XT_COUNT_PACKETS = 0, XT_COUNT_BYTES = 1, XT_COUNT_AVERAGE = 2 };
enum { XT_COUNT_ORIGINAL = 0, XT_COUNT_REPLY = 1, XT_COUNT_BOTH = 2 };

static __always_inline struct nf_conn* xt_connection_of(struct __sk_buff* ctx) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    unsigned long nfct = skb->_nfct & ~7UL;
    return nfct ? bpf_rdonly_cast((void*)nfct, config.nf_conn_id) : 0;
}

/* nf_ct_ext_find (include/net/netfilter/nf_conntrack_extend.h): where the extension is; 0: there is none. XT_ASK where the kernel
 * would have to compare generations (__nf_ct_ext_find). */
static __always_inline unsigned long xt_extension_of(struct nf_conn* ct, __u32 id) {
    unsigned long ext = (unsigned long)ct->ext;
    __u8 offset;

    if (!ext) return 0;
    offset = xt_byte(ext + xt_offset(struct nf_ct_ext, offset) + id);
    if (!offset) return 0;
    if (bpf_core_field_exists(struct nf_ct_ext, gen_id) && (__u32)xt_word(ext + xt_offset(struct nf_ct_ext, gen_id)))
        return XT_ASK;
    return ext + offset;
}

/* connbytes_mt of net/netfilter/xt_connbytes.c; `kind`: what << 8 | direction */
__noinline int rt_connbytes(struct __sk_buff* ctx, struct xt_view* v, __u64 kind, __u64 from, __u64 to) {
    const unsigned size = bpf_core_type_size(struct nf_conn_counter);
    unsigned long acct;
    __u64 packets = 0, bytes = 0, what;
    struct nf_conn* ct;

    if (!v || !config.nf_conn_id || xt_must_ask(ctx, v)) return XT_ASK;
    ct = xt_connection_of(ctx);
    if (!ct) return XT_NO;
    acct = xt_extension_of(ct, bpf_core_enum_value(enum nf_ct_ext_id, NF_CT_EXT_ACCT));
    if (acct <= XT_ASK) return (int)acct;
    if ((kind & 0xff) != XT_COUNT_REPLY) {
        packets += xt_word(acct + xt_offset(struct nf_conn_counter, packets));
        bytes += xt_word(acct + xt_offset(struct nf_conn_counter, bytes));
    }
    if ((kind & 0xff) != XT_COUNT_ORIGINAL) {
        packets += xt_word(acct + size + xt_offset(struct nf_conn_counter, packets));
        bytes += xt_word(acct + size + xt_offset(struct nf_conn_counter, bytes));
    }
    what = kind >> 8 == XT_COUNT_PACKETS ? packets : bytes;
    if (kind >> 8 == XT_COUNT_AVERAGE) what = packets ? bytes / packets : 0;
    return to >= from ? what >= from && what <= to : what < to || what > from;
}

/* connlabel_mt of net/netfilter/xt_connlabel.c, without --set */
__noinline int rt_connlabel(struct __sk_buff* ctx, struct xt_view* v, __u64 bit, __u64 invert,
                            __u64 unused __attribute__((unused))) {
    unsigned long labels;
    struct nf_conn* ct;

    if (!v || !config.nf_conn_id || xt_must_ask(ctx, v)) return XT_ASK;
    ct = xt_connection_of(ctx);
    if (!ct) return invert != 0;
    labels = xt_extension_of(ct, bpf_core_enum_value(enum nf_ct_ext_id, NF_CT_EXT_LABELS));
    if (labels == XT_ASK || bit > 127) return XT_ASK;
    if (!labels) return invert != 0;
    return (xt_word(labels + bit / 64 * 8) >> (bit & 63) & 1) != (invert != 0);
}

/* Ones for the bytes before the first zero byte of a word in memory. */
static __always_inline __u64 xt_before_zero(__u64 word) {
    __u64 zeros = (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
    return zeros ? ((zeros & -zeros) >> 7) - 1 : ~0ULL;
}

/* helper_mt of net/netfilter/xt_helper.c: the name begins with the helper's; `first`, `second`: its bytes. */
__noinline int rt_helper(struct __sk_buff* ctx, struct xt_view* v, __u64 invert, __u64 first, __u64 second) {
    unsigned long master, help, helper;
    __u64 word, same;
    struct nf_conn* ct;

    if (!v || !config.nf_conn_id || xt_must_ask(ctx, v)) return XT_ASK;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) return XT_ASK; /* xt_before_zero */
    ct = xt_connection_of(ctx);
    if (!ct) return invert != 0;
    master = (unsigned long)ct->master;
    if (!master) return invert != 0;
    help = xt_extension_of(bpf_rdonly_cast((void*)master, config.nf_conn_id),
                           bpf_core_enum_value(enum nf_ct_ext_id, NF_CT_EXT_HELPER));
    if (help == XT_ASK) return XT_ASK;
    if (!help) return invert != 0;
    helper = xt_word(help + xt_offset(struct nf_conn_help, helper));
    if (!helper) return invert != 0;
    if (!first) return invert == 0;
    helper += xt_offset(struct nf_conntrack_helper, name);
    word = xt_word(helper);
    same = xt_before_zero(word);
    if ((word ^ first) & same) return invert != 0;
    if (same != ~0ULL) return invert == 0;
    word = xt_word(helper + sizeof word);
    if ((word ^ second) & xt_before_zero(word)) return invert != 0;
    return invert == 0;
}

#endif

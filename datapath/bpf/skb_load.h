/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's bytes from its skb, for packet.h. */
#ifndef XTBPF_SKB_LOAD_H
#define XTBPF_SKB_LOAD_H

#define xt_load(ctx, offset, to, bytes) bpf_skb_load_bytes(ctx, offset, to, bytes)

/* The first `bytes` of a word, which are in the packet. */
static __noinline __u64 xt_copy_word(struct __sk_buff* ctx, __u32 offset, __u32 bytes) {
    __u64 word = 0;

    if (bytes - 1 < sizeof word) bpf_skb_load_bytes(ctx, offset, &word, bytes);
    return word;
}

/* Headers lie in one piece nearly always, and are read where they are: a call copies them byte by byte. Behind the piece there is
 * more of its memory (struct skb_shared_info). Nobody else gets the address of `to`: it needn't be on the stack. */
static __always_inline long xt_load_words(struct __sk_buff* ctx, __u32 offset, __u64* to, __u32 bytes) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    __u64 at = (__u64)skb->data + offset;

    if (offset + bytes <= skb->len - skb->data_len) {
#pragma unroll
        for (__u32 word = 0; word < (bytes + 7) / 8; word++)
            to[word] = xt_word(at + 8 * word);
        return 0;
    }
    if (offset + bytes > skb->len) return -1;
#pragma unroll
    for (__u32 word = 0; word < (bytes + 7) / 8; word++)
        to[word] = xt_copy_word(ctx, offset + 8 * word, bytes - 8 * word < 8 ? bytes - 8 * word : 8);
    return 0;
}

#endif

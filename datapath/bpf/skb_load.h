/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's bytes from its skb, for packet.h. */
#ifndef XTBPF_SKB_LOAD_H
#define XTBPF_SKB_LOAD_H

#define xt_load(ctx, offset, to, bytes) bpf_skb_load_bytes(ctx, offset, to, bytes)

/* Headers lie in one piece nearly always, and are read where they are: a call copies them byte by byte. Behind the piece there is
 * more of its memory (struct skb_shared_info). */
static __always_inline long xt_load_words(struct __sk_buff* ctx, __u32 offset, __u64* to, __u32 bytes) {
    struct sk_buff* skb = bpf_cast_to_kern_ctx(ctx);
    __u64 at = (__u64)skb->data + offset;

    if (offset + bytes > skb->len - skb->data_len) return bpf_skb_load_bytes(ctx, offset, to, bytes);
#pragma unroll
    for (__u32 word = 0; word < (bytes + 7) / 8; word++)
        to[word] = xt_word(at + 8 * word);
    return 0;
}

#endif

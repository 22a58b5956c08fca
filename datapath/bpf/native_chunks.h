/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sctp --chunk-types */
#ifndef XTBPF_NATIVE_CHUNKS_H
#define XTBPF_NATIVE_CHUNKS_H

#include "datapath/bpf/steps.h"

enum {
    XT_CHUNKS_ANY = 1, /* SCTP_CHUNK_MATCH_* of linux/netfilter/xt_sctp.h */
    XT_CHUNKS_ALL = 2,
    XT_CHUNKS_ONLY = 4,
    XT_SCTP_HEADER = 12,
    XT_CHUNK_HEADER = 4,
    XT_MOST_CHUNKS = 64,
};

/*
 * match_packet of net/netfilter/xt_sctp.c, behind a header that is here. `low`: a bit for each of the types 0 to 31 and 128 to 159,
 * `high`: from 192 on, other types aren't asked for; `how`: XT_CHUNKS_*, in the upper half whether inverted. A packet that ends in the
 * middle of a chunk is the kernel's.
 */
__noinline int rt_sctp_chunks(struct __sk_buff* ctx, struct xt_view* v, __u64 low, __u64 high, __u64 how) {
    struct bpf_iter_num steps;
    __u8 chunk[XT_CHUNK_HEADER];
    int answer = XT_ASK;
    __u32 at;

    if (!v || xt_must_ask(ctx, v) || !xt_steps_work()) return XT_ASK;
    at = v->thoff + XT_SCTP_HEADER;
    bpf_iter_num_new(&steps, 0, XT_MOST_CHUNKS);
    while (bpf_iter_num_next(&steps)) {
        __u32 bytes, type;
        __u64 bit_low, bit_high, set;
        if (at > 0xffff || xt_load(ctx, v->packet_off + at, chunk, sizeof chunk)) break;
        type = chunk[0];
        bytes = xt_be16(chunk + 2);
        if (bytes < XT_CHUNK_HEADER) break;
        at += (bytes + 3) & ~3u;
        bit_low = type < 32 ? 1ULL << (type & 31) : type >= 128 && type < 160 ? 1ULL << 32 << (type & 31) : 0;
        bit_high = type >= 192 ? 1ULL << (type & 63) : 0;
        set = (low & bit_low) | (high & bit_high);
        if ((__u32)how == XT_CHUNKS_ANY && set) answer = XT_YES;
        if ((__u32)how == XT_CHUNKS_ONLY && !set) answer = XT_NO;
        if ((__u32)how == XT_CHUNKS_ALL) {
            low &= ~bit_low;
            high &= ~bit_high;
        }
        if (answer != XT_ASK) break;
        if (at < v->len) continue;
        answer = (__u32)how == XT_CHUNKS_ALL ? !(low | high) : (__u32)how == XT_CHUNKS_ONLY;
        break;
    }
    bpf_iter_num_destroy(&steps);
    return answer == XT_ASK ? XT_ASK : answer != !!(how >> 32);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpmss_mt of net/netfilter/xt_tcpmss.c: the value of the TCP option MSS, or XT_MSS_*. */
#ifndef XTBPF_TCP_MSS_H
#define XTBPF_TCP_MSS_H

#include "datapath/bpf/tcp_option.h"

enum { XT_TCPOPT_MSS = 2, XT_TCPOLEN_MSS = 4 };

__noinline int rt_tcp_mss(struct __sk_buff* ctx, struct xt_view* v) {
    __u8 options[XT_MOST_OPTION_BYTES + XT_TCPOLEN_MSS] = {};
    __u32 bytes, at = 0, start;

    if (!v) return XT_MSS_BROKEN;
    start = v->packet_off + v->thoff;
    if (xt_load(ctx, start, options, XT_TCP_HEADER)) return XT_MSS_BROKEN;
    bytes = (options[12] >> 4) * 4u;
    if (bytes < XT_TCP_HEADER) return XT_MSS_BROKEN;
    bytes -= XT_TCP_HEADER;
    if (bytes == 0) return XT_MSS_ABSENT;
    if (bytes > XT_MOST_OPTION_BYTES) return XT_MSS_BROKEN; /* can't be: the verifier doesn't know */
    __builtin_memset(options, 0, sizeof options);
    if (xt_load(ctx, start + XT_TCP_HEADER, options, bytes)) return XT_MSS_BROKEN;
    for (int i = 0; i < XT_MOST_OPTION_BYTES; i++) {
        if (at >= bytes || at >= XT_MOST_OPTION_BYTES) return XT_MSS_ABSENT;
        if (options[at] == XT_TCPOPT_MSS && bytes - at >= XT_TCPOLEN_MSS && options[at + 1] == XT_TCPOLEN_MSS)
            return options[at + 2] << 8 | options[at + 3];
        at += options[at] < 2 || at + 1 == bytes || options[at + 1] == 0 ? 1 : options[at + 1];
    }
    return XT_MSS_ABSENT;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcp_find_option of net/netfilter/xt_tcpudp.c: 0 absent, 1 present, 2 hotdrop. The header's 20 bytes are known to be here. */
#ifndef XTBPF_TCP_OPTION_H
#define XTBPF_TCP_OPTION_H

#define XT_MOST_OPTION_BYTES 40

__noinline int rt_tcp_option(struct __sk_buff* ctx, struct xt_view* v, __u32 kind) {
    __u8 options[XT_MOST_OPTION_BYTES + 1] = {};
    __u32 bytes, at = 0;

    if (!v) return 2;
    if (v->tcp_doff < 5) return 2;
    bytes = v->tcp_doff * 4u - XT_TCP_HEADER;
    if (bytes == 0) return 0;
    if (bytes > XT_MOST_OPTION_BYTES || v->l4_avail < XT_TCP_HEADER + bytes) return 2;
    if (xt_load(ctx, v->packet_off + v->thoff + XT_TCP_HEADER, options, bytes)) return 2;
    for (int i = 0; i < XT_MOST_OPTION_BYTES; i++) {
        __u8 option;
        if (at >= bytes || at >= XT_MOST_OPTION_BYTES) return 0;
        option = options[at];
        if (option == kind) return 1;
        at += option < 2 || options[at + 1] == 0 ? 1 : options[at + 1];
    }
    return 0;
}

#endif

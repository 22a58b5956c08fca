/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tap tells user space of a packet, and which packets it is told to look at. Plain C, shared with datapath/tap.cpp. */
#ifndef XTBPF_TAP_EVENT_H
#define XTBPF_TAP_EVENT_H

#include "translator/view.h"

#define XT_TAP_BYTES 256

struct xt_tap_event {
    __u32 table; /* enum class TableId */
    __u32 hook;  /* NF_INET_* */
    __u32 bytes; /* of `data` that are there */
    __u32 pad;
    __u64 packet;            /* tells it from all others while it is at this hook */
    __u8 data[XT_TAP_BYTES]; /* the packet from its network header on */
    struct xt_view view;     /* last, as its path has another length on the other side */
};

/* A packet that has passed a table, from a tap behind it, and what the table's targets may have changed. */
struct xt_tap_passed {
    __u32 table;
    __u32 hook;
    __u64 packet;
    __u32 mark;
    __u8 tos, ttl; /* as of the view */
    __u8 whole;    /* these two could be read */
    __u8 pad;
};

/* Addresses as in the view: the packet's, masked, must be equal. */
struct xt_tap_filter {
    __u32 table;
    __u32 saddr[4], saddr_mask[4];
    __u32 daddr[4], daddr_mask[4];
    __u8 any_protocol, protocol;
    __u8 any_sport, any_dport;
    __u16 sport, dport;
    __u8 marked; /* only packets that the TRACE target (or nftables' nftrace) has marked */
    __u8 pad[3];
};

#endif

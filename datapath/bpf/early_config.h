/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader tells the early stage before it is loaded; constants to the verifier, so that what isn't needed costs
 * nothing. Shared with datapath/early_*.cpp.
 */
#ifndef XTBPF_EARLY_CONFIG_H
#define XTBPF_EARLY_CONFIG_H

#include <linux/types.h>

/* The chains the early stage walks, in the order a packet meets them: raw and mangle, then either INPUT's or FORWARD's. */
enum xt_early_chain {
    XT_EARLY_RAW_PREROUTING,
    XT_EARLY_MANGLE_PREROUTING,
    XT_EARLY_MANGLE_INPUT,
    XT_EARLY_FILTER_INPUT,
    XT_EARLY_SECURITY_INPUT,
    XT_EARLY_MANGLE_FORWARD,
    XT_EARLY_FILTER_FORWARD,
    XT_EARLY_SECURITY_FORWARD,
    XT_EARLY_CHAINS,
};

struct xt_early_config {
    __u64 netns_cookie; /* the namespace whose rules these are: a device may be moved to another */
    __u64 gro;          /* NETIF_F_GRO */
    __u64 gro_udp;      /* NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD */
    __u64 vlan_strip;   /* NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX */
    __u8 linked[2];     /* by family, bit 1 << XT_EARLY_*: the chain's code is linked in; others accept, uncounted */
};

/* Counter pages: entry ((family * 5 + table) << 4) + page; families and tables in the order of translator/tables.hpp. */
#define XT_EARLY_PAGE_BITS 4
#define XT_EARLY_TABLES 5
#define XT_EARLY_PAGES ((2 * XT_EARLY_TABLES) << XT_EARLY_PAGE_BITS)

enum xt_early_table { XT_TABLE_FILTER, XT_TABLE_NAT, XT_TABLE_MANGLE, XT_TABLE_RAW, XT_TABLE_SECURITY };

#endif

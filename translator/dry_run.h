/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the self-check asks a loaded program what it would do: BPF_PROG_TEST_RUN with one of these in the control buffer's
 * first word. The program then counts nothing, hands nothing over and returns xt_path_mix(path hash, verdict).
 */
#ifndef XTBPF_DRY_RUN_H
#define XTBPF_DRY_RUN_H

#include "translator/view.h"

#define XT_DRY_RUN_VIEW 0x76696577U   /* the data is a struct xt_view, then the packet's bytes at packet_off */
#define XT_DRY_RUN_PACKET 0x706b7421U /* the data is a packet: the view is filled from it */

/*
 * The early stage: in the control buffer, or at XDP in the metadata, stands this, and the data is an Ethernet header (of no IP
 * packet) and a struct xt_view. The program walks its chains as if the routing decision were `way`. Its answer stands in the
 * same place: `magic` is XT_EARLY_*, and `family`, if it drops, the hash of the path, begun with xt_early_way. One that is off,
 * or another namespace's, leaves all as it is.
 */
struct xt_early_question {
    __u32 magic;  /* XT_DRY_RUN_VIEW */
    __u32 family; /* 0: IPv4, 1: IPv6 */
    __u32 way;    /* 0: INPUT, 1: FORWARD */
};

#define XT_EARLY_PASSES 0x70617373U
#define XT_EARLY_DROPS 0x64726f70U

/* `chain`: enum xt_early_chain, the one that drops; the others: how long the path was behind the table, 0xff before its end. */
static inline __u32 xt_early_way(__u32 chain, __u32 raw, __u32 mangle, __u32 filter) {
    return xt_path_mix(xt_path_mix(0, chain), raw | mangle << 8 | filter << 16);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the self-check asks a loaded program what it would do: BPF_PROG_TEST_RUN with one of these in the control buffer's
 * first word. The program then counts nothing, hands nothing over and returns xt_path_mix(path hash, verdict).
 */
#ifndef XTBPF_DRY_RUN_H
#define XTBPF_DRY_RUN_H

#define XT_DRY_RUN_VIEW 0x76696577U   /* the data is a struct xt_view, then the packet's bytes at packet_off */
#define XT_DRY_RUN_PACKET 0x706b7421U /* the data is a packet: the view is filled from it */

#endif

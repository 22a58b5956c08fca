/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel has to do something before the rules can go on (answer one of its own matches, perform an effect that a later
 * rule may see) the traversal stops. Each function on the way out leaves in the view where it was; the side chain has it done
 * (kmod-shim/anchor.hpp), and the program runs again with these sites, so that each function goes on from there.
 */
#ifndef XTBPF_STOPS_H
#define XTBPF_STOPS_H

/* To be continued at `site`, after hand-in `need` has been answered. 1: not in a dry run, which goes on as if it held. */
__noinline int rt_pause(struct xt_view* v, __u32 need, __u32 site) {
    if (!v) return 0;
    if (v->mode == XT_MODE_DRY) return 1; /* as the interpreter's Environment by default */
    v->need = (__u16)need;
    v->site = (__u16)site;
    v->where.sites[0] = (__u16)site;
    v->depth = 1;
    return 0;
}

/* A called function has stopped: its caller is to call it again at `site`. */
__noinline int rt_stopped(struct xt_view* v, __u32 site) {
    __u32 depth;

    if (!v) return 0;
    depth = v->depth;
    if (depth >= XT_MOST_SITES) return 0; /* BPF has no more frames */
    v->where.sites[depth] = (__u16)site;
    v->depth = (__u8)(depth + 1);
    return 0;
}

#endif

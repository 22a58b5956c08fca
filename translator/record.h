/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a packet that is handed to the kernel's own matches or effects: written by the classifying program under
 * the skb's address, read by the small programs of the side chains (kmod-shim/anchor.hpp) in the same traversal of the hook.
 * Plain C, shared by datapath/bpf and translator/codegen.
 */
#ifndef XTBPF_RECORD_H
#define XTBPF_RECORD_H

#include "translator/view.h"

#define XT_MOST_EFFECTS 120 /* of one packet at one hook */
#define XT_MOST_STOPS 128

struct xt_record {
    __u16 need;    /* the hand-in that the traversal waits for, or XT_NO_NEED */
    __u16 current; /* the step that the side chain performs: an effect's number, or a hand-in's behind all effects */
    __u8 matched;  /* the hand-in's answer */
    __u8 verdict;  /* enum xt_verdict, once the traversal is through; else 0 */
    __u8 count;    /* effects to perform, in order */
    __u8 next;     /* the first that hasn't been */
    __u8 depth;    /* as in xt_view */
    __u8 pad;
    __u32 out; /* OUTPUT: index of the device that the hook was called with, once asked for (socket_view.h) */
    union xt_where where;
    __u16 effects[XT_MOST_EFFECTS]; /* numbers, see effects.hpp */
};

/* Where a traversal has to return to, when chains nest deeper than BPF calls may. */
#define XT_MOST_NESTED 512

struct xt_return_stack {
    __u32 depth;
    struct {
        __u16 function; /* as xt_view.callee */
        __u16 site;
    } frames[XT_MOST_NESTED + 1]; /* one more for the function that stopped */
};

#endif

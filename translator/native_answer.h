/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function of the runtime answers that stands before one of the kernel's matches (native_match.hpp). Plain C. */
#ifndef XTBPF_NATIVE_ANSWER_H
#define XTBPF_NATIVE_ANSWER_H

enum xt_answer {
    XT_NO = 0,
    XT_YES = 1,
    XT_ASK = 2, /* the kernel's match is to be asked, as in a dry run */
};

/* How rt_string searches: */
enum xt_string_argument {
    XT_STRING_FROM = 0,   /* 16 bits */
    XT_STRING_SPAN = 16,  /* 16 bits: how far `to` is behind `from` */
    XT_STRING_BYTES = 32, /* a byte: the pattern's length, 1 at least */
    XT_STRING_FOLD = 40,  /* capitals are as small letters are; the pattern has small ones */
    XT_STRING_INVERT = 41,
};

/* rt_physdev's last argument: a byte each, from the lowest */
enum xt_physdev_argument {
    XT_PHYSDEV_USED = 0,    /* XT_PHYSDEV_OP_* of linux/netfilter/xt_physdev.h that are tested, */
    XT_PHYSDEV_INVERT = 8,  /* and those inverted */
    XT_PHYSDEV_LENGTH = 16, /* bytes of the name that are compared */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the preloaded library and the program that answers for it: a question and its bytes, an answer and its bytes, over a
 * stream socket that is the program's standard input. Both run on the same machine, from the same package. */
#pragma once

#include <stdint.h>

struct xt_iptc_question {
    uint32_t family; /* AF_INET, AF_INET6 */
    uint32_t kind;   /* Question of frontend/iptc/interface.hpp */
    uint32_t old;    /* whether the program knows old structures only (frontend/iptc/revisions.hpp) */
    uint32_t size;   /* of what follows */
};

struct xt_iptc_answer {
    int32_t error; /* errno */
    uint32_t size;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the program that knows the rules: iptables-bpf-iptc, which lies beside the library. It runs in the asking thread's network
 * namespace, with its rights, for one question. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum xt_iptc_kind { /* Question of frontend/iptc/interface.hpp */
                    XT_IPTC_INFO,
                    XT_IPTC_ENTRIES,
                    XT_IPTC_MATCH_REVISION,
                    XT_IPTC_TARGET_REVISION,
                    XT_IPTC_REPLACE,
                    XT_IPTC_ADD_COUNTERS,
                    XT_IPTC_NAMES,
};

struct xt_iptc_reply {
    void* bytes; /* to be freed */
    size_t size;
};

/* 0 or an errno, as the kernel would say it; then there is no reply. */
int xt_iptc_ask(int family, enum xt_iptc_kind kind, const void* value, size_t size, struct xt_iptc_reply* reply);

// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage at native XDP.
#define XT_EARLY_XDP
#include "datapath/bpf/early.h"

SEC("xt_xdp") int xt_early_xdp(struct xdp_md* ctx) { return xt_early(ctx); }

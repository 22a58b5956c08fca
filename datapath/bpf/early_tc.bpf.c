// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage at the end of tc ingress.
#include "datapath/bpf/early.h"

SEC("xt_tc") int xt_early_tc(struct __sk_buff* ctx) { return xt_early(ctx); }

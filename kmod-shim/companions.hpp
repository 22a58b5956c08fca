// SPDX-License-Identifier: GPL-2.0-or-later
// Companion targets: xt targets that the kernel takes only in an nf_tables table of iptables' own name. Layout: anchor.hpp.
#pragma once

#include "kmod-shim/anchor.hpp"
#include "kmod-shim/batch.hpp"

#include <vector>

namespace xtbpf::anchor {

std::vector<const ir::CompanionTarget*> companion_targets(const HookPlan& plan); // in the order of its effects

// Makes the companion chains of the table those of `plan`, of which there may be none.
Result<void> swap_companions(Batch& batch, Socket& socket, const TablePlan& plan);

} // namespace xtbpf::anchor

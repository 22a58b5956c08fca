// SPDX-License-Identifier: GPL-2.0-or-later
// The side chains of one hook's generation: where packets go that the program can't settle alone. Layout: anchor.hpp.
#pragma once

#include "kmod-shim/anchor.hpp"
#include "kmod-shim/messages.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::anchor {

// Puts the side chains that `plan` needs into the batch. Returns the chain the base chain's rule goes to; empty: none.
Result<std::string> add_side_chains(Batch& batch, const Place& place, TableId table, const HookPlan& plan,
                                    std::uint32_t generation);

// Those of `chains` that are side chains of `table`, in an order in which they can be deleted: who jumps before the
// target.
std::vector<std::string> side_chains_of(TableId table, std::span<const std::string> chains);

} // namespace xtbpf::anchor

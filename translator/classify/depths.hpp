// SPDX-License-Identifier: GPL-2.0-or-later
// How many jumps a walk can have pending.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf::classify {

// For each chain of the image, by number: the most jumps within the image that can be pending while it runs, at most
// XT_WALK_DEPTH, as the walk leaves a jump beyond to the generated code.
std::vector<std::uint32_t> pending_jumps(const ir::Table& table, std::span<const std::optional<std::uint32_t>> numbers);

} // namespace xtbpf::classify

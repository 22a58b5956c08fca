// SPDX-License-Identifier: GPL-2.0-or-later
// How many jumps a walk can have pending.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace xtbpf::classify {

// The most jumps that can be pending while a chain of the image runs (`numbers`: by chain, its number there), at most one more than
// XT_WALK_DEPTH, which is too many.
std::uint32_t pending_jumps(const ir::Table& table, std::span<const std::optional<std::uint32_t>> numbers);

} // namespace xtbpf::classify

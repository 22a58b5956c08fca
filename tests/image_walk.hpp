// SPDX-License-Identifier: GPL-2.0-or-later
// A table run through an image, its guards evaluated by the interpreter.
#pragma once

#include "tests/random.hpp"
#include "translator/classify/walk.hpp"
#include "translator/tables.hpp"

#include <span>

namespace xtbpf::testing {

// All chains of the table.
classify::Image whole_image(const ir::Table& table, const std::optional<classify::RoomPlan>& room = {});

// As dry_run_answer of the interpreter. `stops`: the traversal stops at some guards and effects, and is resumed.
std::uint32_t walk_dry_run(const ir::Table& table, const classify::Image& image, Hook hook, xt_view view,
                           std::span<const std::uint8_t> bytes, Random* stops = nullptr);

} // namespace xtbpf::testing

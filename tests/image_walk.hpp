// SPDX-License-Identifier: GPL-2.0-or-later
// A table run through an image, with guards done as the generated code does them: compared with the interpreter.
#pragma once

#include "translator/classify/walk.hpp"
#include "translator/tables.hpp"

#include <span>

namespace xtbpf::testing {

// As dry_run_answer of the interpreter.
std::uint32_t walk_dry_run(const ir::Table& table, const classify::Image& image, Hook hook, xt_view view,
                           std::span<const std::uint8_t> bytes);

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/ir.hpp"

namespace xtbpf {

// (low <= field <= high) != invert. A range that runs backwards takes nothing, as when the kernel makes both comparisons;
// it becomes (field & 0) == 1, so that whoever evaluates the test need not mind it.
inline ir::FieldTest in_range(ir::Field field, std::uint32_t low, std::uint32_t high, bool invert,
                              std::optional<ir::Gate> gate = {}) {
    if (low > high) return {.field = field, .mask = 0, .ranges = {{1, 1}}, .invert = invert, .gate = gate};
    return {.field = field, .ranges = {{low, high}}, .invert = invert, .gate = gate};
}

} // namespace xtbpf

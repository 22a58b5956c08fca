// SPDX-License-Identifier: GPL-2.0-or-later
// A binary search in code. Private to codegen.
#pragma once

#include "translator/codegen/assembler.hpp"

#include <cstdint>
#include <span>

namespace xtbpf::codegen {

struct Case {
    std::uint32_t value;
    Label at;
};

// Jumps to the case that equals Reg::Value, to `none` if there is none. `cases` ascend; the value is at most `highest`.
void dispatch_equal(Assembler& out, std::span<const Case> cases, std::uint32_t highest, Label none);

// Jumps to the last case that isn't above Reg::Value; the first is for everything below the second, too. Not empty.
void dispatch_range(Assembler& out, std::span<const Case> cases);

} // namespace xtbpf::codegen

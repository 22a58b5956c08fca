// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage's part of `xtbpf verify`: what the programs on the devices drop, the stored rules have to drop too, by the same
// way through them. What they pass is for the hooks to decide.
#pragma once

#include "translator/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xtbpf::tool {

struct EarlyVerdict {
    std::uint32_t program = 0;
    std::string place;                // "tc", "xdp"
    std::vector<std::string> devices; // that it is attached to
    std::size_t packets = 0, drops = 0;
    bool asked = true;   // false: it is off, another namespace's, or of another version: no fault
    std::string trouble; // empty: all is well
};

// At most `limit` packets for each chain of each program.
Result<std::vector<EarlyVerdict>> verify_early(std::size_t limit);

} // namespace xtbpf::tool

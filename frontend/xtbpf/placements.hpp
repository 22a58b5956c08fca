// SPDX-License-Identifier: GPL-2.0-or-later
// Where the rules of a built-in chain run, and what keeps them from running earlier: from the rules alone.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::tool {

using Tally = std::map<std::string, std::uint32_t>; // rules by reason

struct Placement {
    Hook hook = Hook::Input;
    std::uint32_t rules = 0; // that a packet can get to
    Tally effects;           // rules whose target the kernel performs (hand-off), by target
    Tally matches;           // rules that ask a match of the kernel's (hand-in), by match
    bool early = false;      // some packets can be dropped at ingress already
    Tally left;              // rules that only the hook can decide, by what they ask for
    std::string late;        // why nothing can be dropped before the hook; empty if `early`
};

// `tables`: those in force of one family; `early`: the same, as the early stage takes them (deferring() where it leaves one alone).
// One for each built-in chain of table number `which`, in hook order.
std::vector<Placement> placements(std::span<const ir::Table> tables, std::span<const ir::Table> early,
                                  std::size_t which);

} // namespace xtbpf::tool

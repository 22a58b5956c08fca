// SPDX-License-Identifier: GPL-2.0-or-later
// Runs: consecutive rules that each want one value of the same field, so that a binary search finds the few that a packet can
// match. Private to codegen.
#pragma once

#include "translator/ir.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf::codegen {

inline constexpr std::size_t kShortestRun = 8;

struct Run {
    // What each of its rules wants of the view at `offset`.
    struct Member {
        std::uint32_t value;
        const ir::Rule* rule;
        const ir::Predicate* known; // the test of the value if it tells everything, else nullptr
    };
    std::size_t rules = 0;  // how many, from the start
    std::size_t prefix = 0; // predicates that all their rules begin with: they have to hold before the search
    std::int16_t offset = 0;
    std::uint8_t size = 4;       // bytes: 1, 2 or 4
    std::vector<Member> members; // by value, those of one value in the rules' order
};

using Knowable = std::function<bool(const ir::Predicate&)>; // empty: everything

// The longest run that `rules` begin with; nullopt if it is shorter than kShortestRun.
std::optional<Run> leading_run(std::span<const ir::Rule> rules, Family family, const Knowable& knowable);

} // namespace xtbpf::codegen

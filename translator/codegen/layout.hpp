// SPDX-License-Identifier: GPL-2.0-or-later
// Which chain becomes a function and which is laid out inside its caller. Private to codegen.
#pragma once

#include "translator/chains.hpp"
#include "translator/codegen/predicates.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf::codegen {

struct ChainPlace {
    bool function = false;     // else inside its caller(s)
    std::uint32_t level = 0;   // call depth of the function that it is or lies in; the built-in chain's is 1
    std::uint64_t size = 0;    // estimated instructions, with what lies inside
    std::uint32_t callers = 0; // rules that jump here
};

struct Layout {
    std::vector<std::uint32_t> order; // reachable chains, callers before callees; the built-in chain first
    std::vector<ChainPlace> places;   // by chain index
    MatchNumbers matches;             // of the kernel matches reached
    bool deep = false;                // some chain lies deeper than BPF functions may nest
};

inline constexpr std::uint64_t kPartSize = 6000; // instructions of one part of a long chain, at most about
inline constexpr std::uint64_t kGuardsSize =
    24'000; // of one function of guards, which branch little; jumps reach 32,767

Layout lay_out(const ir::Table& table, std::uint32_t builtin_chain, Family family);

// Of the chains reachable from a built-in chain.
ChainOrder number_matches(const ir::Table& table, std::uint32_t builtin_chain, MatchNumbers& numbers);

std::uint64_t estimate(const ir::Rule& rule, Family family); // instructions, without what it jumps to; never too low

// Whether the chain, at `size`, is cut into parts.
inline bool in_parts(const ChainPlace& place) { return place.size > kPartSize; }

} // namespace xtbpf::codegen

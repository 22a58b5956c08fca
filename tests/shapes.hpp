// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of the shapes that long rulesets have, of any size, and packets for them: for tests and benchmarks of classification.
#pragma once

#include "tests/random.hpp"
#include "translator/ir.hpp"

#include <array>
#include <string_view>

namespace xtbpf::testing {

enum class RuleShape {
    SourcePorts,  // a source and a destination port each
    Hosts,        // a blocklist of addresses
    Networks,     // a blocklist of nested prefixes
    AccessList,   // general rules in the proportions of access lists,
    Firewall,     // of firewalls: wildcards and port ranges,
    Chains,       // and of rules that mix both
    Dispatch,     // to n/4 user chains of three rules by destination and port
    PortDispatch, // by port alone, as far as there are ports
    Pairs,        // source and MAC returns, source drops
};
inline constexpr std::array kShapes{RuleShape::SourcePorts, RuleShape::Hosts,        RuleShape::Networks,
                                    RuleShape::AccessList,  RuleShape::Firewall,     RuleShape::Chains,
                                    RuleShape::Dispatch,    RuleShape::PortDispatch, RuleShape::Pairs};
std::string_view name(RuleShape shape);

// Chains INPUT, FORWARD, OUTPUT of the filter table; the rules are in FORWARD (Dispatch: also in user chains). `guards`: out of
// a thousand rules so many have a limit; as many have no target, return or jump to a user chain.
ir::Table shaped_table(RuleShape shape, Family family, std::uint32_t rules, std::uint64_t seed, unsigned guards = 0);

// A packet that may match: aimed at one of the rules, one field of it off, or from nearby. Sane: whole TCP, UDP, ICMP.
xt_view shaped_packet(Random& random, const ir::Table& table, bool miss = false);

} // namespace xtbpf::testing

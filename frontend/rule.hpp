// SPDX-License-Identifier: GPL-2.0-or-later
// A rule as written: what a command line or a line of a save says, parsed but not yet lowered; and its texts.
#pragma once

#include "frontend/addresses.hpp"
#include "frontend/extension.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace xtbpf {

struct MatchUse {
    const MatchDef* def;
    std::unique_ptr<Match> use;
};

struct Rule {
    enum class Goal : std::uint8_t { None, Verdict, Chain, Extension };

    Family family = Family::V4;
    Network source, destination;
    std::string in, out; // interface names, "eth+"; empty: any
    std::uint16_t protocol = 0;
    bool fragment = false;
    bool not_source = false, not_destination = false, not_in = false, not_out = false, not_protocol = false,
         not_fragment = false;
    std::vector<MatchUse> matches;

    std::string target; // of -j or -g: "ACCEPT", a chain, an extension
    bool is_goto = false;
    Goal goal = Goal::None; // what `target` is; settled by settle_goal
    const TargetDef* target_def = nullptr;
    std::unique_ptr<Target> target_use;

    RuleContext context(TableId table) const {
        return {.family = family, .table = table, .protocol = protocol, .protocol_inverted = not_protocol};
    }
};

// "ACCEPT", "DROP", "RETURN", "QUEUE": targets that are neither chains nor extensions.
bool is_verdict(std::string_view target);

// As save prints it after "-A CHAIN ": the form of StoredRule::text.
std::string canonical_text(const Rule& rule);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// The way of one packet through tables, chains and rules, as the interpreter walks it.
#pragma once

#include "frontend/xtbpf/explain/assumptions.hpp"
#include "frontend/xtbpf/explain/packet.hpp"
#include "frontend/xtbpf/explain/performed.hpp"
#include "frontend/xtbpf/explain/rules.hpp"
#include "translator/interpreter.hpp"

#include <string>
#include <vector>

namespace xtbpf::tool {

// A packet's way: of one that comes in and stays, comes in and goes out, or is this host's own; or a single hook.
struct Way {
    std::string in, out; // devices; "": not on this way, or not said
    std::vector<Hook> hooks;
};

// Errors: BadParameter.
Result<Way> way_of(const std::string& in, const std::string& out, const std::string& hook);

struct RuleNote {
    std::string chain;
    std::size_t number = 0; // from 1; 0: the policy
    std::size_t depth = 0;
    std::string text; // the rule as saved; of the policy: ACCEPT or DROP
    Outcome outcome = Outcome::True;
    std::string why;      // of one that doesn't match: the predicate, and what the packet has there
    std::string subject;  // of an unknown one: what --assume calls it
    bool assumed = false; // it came to this because of an assumption
};

struct TableWalk {
    Hook hook = Hook::Input;
    TableId table = TableId::Filter;
    std::vector<RuleNote> notes;
    Fate fate = Fate::Undecided;
    std::string skipped; // why the table's rules aren't asked
    std::string live;    // --live: what the loaded program says; empty: not asked
};

struct Explanation {
    Packet packet; // as it was at first
    Packet after;  // as the last table left it
    std::vector<TableWalk> walks;
    Fate fate = Fate::Accept;
    std::string by; // what decided: "filter:INPUT:rule:3"
};

// Asked about a table and the packet before the table's walk: --live. What it says goes to TableWalk::live.
using AskLive = std::function<std::string(const RuleTable&, Hook, const xt_view&, std::span<const std::uint8_t>)>;

Explanation explain(Packet packet, const Way& way, const Rules& rules, const Assumptions& assumptions,
                    const AskLive& live = {});

std::string text(const Explanation& explanation, bool verbose);
std::string json(const std::vector<Explanation>& explanations, bool verbose);

std::string_view name(Fate fate); // "ACCEPT" ...

} // namespace xtbpf::tool

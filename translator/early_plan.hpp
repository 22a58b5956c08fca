// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage, decided on paper: whether walking the tables at ingress can ever end in a DROP, and the tables cut
// down to what such a walk can use. knowable.hpp has the rules of that walk.
#pragma once

#include "translator/ir.hpp"

#include <span>
#include <vector>

namespace xtbpf {

// One built-in chain on the packet's way.
struct EarlyStep {
    TableId table;
    Hook hook;
    bool drops = false;  // a DROP can be reached in it
    bool defers = false; // a packet can be deferred in it
    bool operator==(const EarlyStep&) const = default;
};

// The chains worth walking, in order. A packet that is accepted in all of prerouting goes on with input or forward, as
// the routing decision is; where that list is empty it is deferred, as it is behind a list's end.
//
// All but raw PREROUTING come behind conntrack, which must have seen the packet: a drop there is the same only for a
// packet that has no entry, or in a namespace without conntrack.
struct EarlyPlan {
    std::vector<EarlyStep> prerouting, input, forward;
    bool complete = false; // no rule can defer: ACCEPT could be decided here too

    bool needs_route() const { return !input.empty() || !forward.empty(); } // INPUT and FORWARD have to be told apart
    bool pays() const { return !prerouting.empty() || needs_route(); } // there is something to drop: worth attaching
};

// `tables`: the tables in force of one family, in any order. Rules in nat PREROUTING keep the walk from going past it.
EarlyPlan early_plan(std::span<const ir::Table> tables);

// The table as the early program of one hook needs it: defer_unknown, without the rules that no walk gets to and those
// from which no DROP can be reached (instead of them a rule that always defers). `accept_matters`: the walk goes on
// with another chain when this one accepts. Chains keep their indices, rules their slots.
ir::Table prune_for_early(const ir::Table& table, Hook hook, bool accept_matters);

} // namespace xtbpf

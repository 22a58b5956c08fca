// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage as a whole: from the tables in force to programs on the devices. docs/adr/0002-early-stage.md.
//
// A commit calls, in order:
//     auto were_on = early::switch_off();   // no early program acts any more
//     anchor::commit(...);                  // on failure: early::switch_on(*were_on)
//     early::apply(tables in force, choice) // programs made for the new rules, acting
// Killed in between, the exact stage decides everything, as it always may.
#pragma once

#include "datapath/counters.hpp"
#include "datapath/early_attach.hpp"
#include "datapath/fd.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::early {

// A table of more is left to the exact stage: there are no walks through data here, it would take too long to compile.
inline constexpr std::size_t kMostRules = 2000;

struct TableInForce {
    ir::Table table; // with its slots
    CounterPages counters;
};

// Makes and attaches programs for `tables`, all those in force in the namespace, of both families; detaches what is
// there if nothing can be dropped early, or if Choice::Off. An error leaves the early stage switched off or absent: the
// rules are in force all the same.
Result<std::vector<Coverage>> apply(std::span<const TableInForce> tables, Choice choice);

// A stored table as the IR, by the frontend: the early stage walks all tables, also those that a command doesn't touch.
using LowerTable = std::function<Result<ir::Table>(const StoredTable&)>;

// apply() behind the commit of one table: the others are read from their stores and lowered.
Result<std::vector<Coverage>> apply_with_others(TableInForce committed, const LowerTable& lower, Choice choice);

// Programs for the tables in force, switched off and attached nowhere: for devices that may come. Both are missing if nothing can
// be dropped early.
struct Spare {
    Fd xdp, tc;
    std::string rules; // what rules_in_force() said before they were made
};
Result<Spare> make_spare(const LowerTable& lower, Choice choice);

// Another text for other rules.
Result<std::string> rules_in_force();

} // namespace xtbpf::early

// SPDX-License-Identifier: GPL-2.0-or-later
// From rules as written to the typed IR, with the refusals the kernel makes when it takes a table.
#pragma once

#include "frontend/rule.hpp"
#include "frontend/work_table.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

namespace xtbpf {

// One rule. `chain` is the index of the chain its target names, if it does.
ir::Rule lower_rule(const Rule& rule, TableId table, std::uint32_t chain);

// What the kernel refuses when it takes a rule that is reached from `hooks` (hook_bit()s; 0: from none). Errors: Refused.
Result<void> check_rule(const Rule& rule, TableId table, std::uint32_t hooks);

// A rule that always leaves its chain: the kernel looks no further (mark_source_chains, unconditional()).
bool ends_chain(std::string_view text);

struct LinkedTable {
    StoredTable stored;
    ir::Table program; // the same chains and rules in the same order
};

// A whole table. Errors, Refused: "Invalid argument. ..." for what x_tables refuses, "Too many levels of symbolic
// links." for a loop reachable from a built-in chain.
Result<LinkedTable> link(WorkTable table);

// A table as stored: what the store holds, lowered again.
Result<LinkedTable> link(StoredTable table);

// Its program alone.
Result<ir::Table> lower_table(const StoredTable& table);

} // namespace xtbpf

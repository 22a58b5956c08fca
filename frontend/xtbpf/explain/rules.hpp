// SPDX-License-Identifier: GPL-2.0-or-later
// The tables that packets are explained by: of a file, which needs no rights, or those in force.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <string>
#include <vector>

namespace xtbpf::tool {

struct RuleTable {
    StoredTable stored;
    ir::Table program; // the same chains and rules, with their slots
};
using Rules = std::vector<RuleTable>; // of one family

// A table as it is stored, lowered.
Result<RuleTable> rule_table(const StoredTable& table);

// What iptables-restore (ip6tables-restore) would make of the file; "-": the standard input. Sets needn't exist.
Result<Rules> rules_of_file(const std::string& path, Family family);
Result<Rules> rules_of_text(const std::string& text, Family family);

// Those in force in this network namespace.
Result<Rules> rules_in_force(Family family);

} // namespace xtbpf::tool

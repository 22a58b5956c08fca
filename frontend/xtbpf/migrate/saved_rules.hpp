// SPDX-License-Identifier: GPL-2.0-or-later
// The text of an iptables-save, table by table. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::tool {

struct SavedTable {
    std::string name;
    std::vector<std::string> lines; // chains and rules, with their counters

    std::size_t rules() const;
    std::size_t chains() const;
    bool idle() const; // no rules, no user chains, all policies ACCEPT: as if it weren't there
};

// Comments are left out.
std::vector<SavedTable> saved_tables(std::string_view text);

// For restore: the tables with their counters.
std::string restore_text(const std::vector<SavedTable>& tables);

// For restore --noflush: empties the same chains, and no others; all policies ACCEPT.
std::string emptying_text(const std::vector<SavedTable>& tables);

// Chains and rules without counters, to compare.
std::string without_counters(const std::vector<SavedTable>& tables);

bool idle(const std::vector<SavedTable>& tables);

// Of `first`, and those of `second` that `first` hasn't.
std::vector<SavedTable> merged(std::vector<SavedTable> first, const std::vector<SavedTable>& second);

// Names of ipsets that rules ask or fill.
std::set<std::string> sets_used(const std::vector<SavedTable>& tables);

} // namespace xtbpf::tool

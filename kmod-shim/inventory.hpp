// SPDX-License-Identifier: GPL-2.0-or-later
// What of the anchor's table is there now, as nf_tables lists it.
#pragma once

#include "kmod-shim/messages.hpp"
#include "kmod-shim/netlink.hpp"
#include "kmod-shim/userdata.hpp"
#include "translator/error.hpp"
#include "translator/table.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xtbpf::anchor {

struct RuleFound {
    std::uint64_t handle = 0;
    std::vector<std::uint8_t> userdata;
};

Result<std::uint32_t> generation(Socket& socket);

// Names of all chains of an nf_tables table (the anchor's: kTable) in no particular order; none if there is no such table.
Result<std::vector<std::string>> chains(Socket& socket, const Place& place);

// In order; none if there is no such chain.
Result<std::vector<RuleFound>> rules(Socket& socket, const Place& place, const std::string& chain);

// The note of the table's T-store rule; nullopt: there is no such rule.
Result<std::optional<StoreNote>> store_note_of(Socket& socket, Family family, TableId table);

std::string base_chain(TableId table, Hook hook); // "filter-INPUT"
std::string store_chain(TableId table);           // "filter-store"

// Counters of the anchor's own nf_tables table by name, which is that of a base chain.
Result<std::map<std::string, Counters>> counters(Socket& socket, Family family);

// Userdata of the rule that stands where there is no program.
std::vector<std::uint8_t> programless_comment(TableId table, Hook hook);

} // namespace xtbpf::anchor

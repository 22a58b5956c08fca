// SPDX-License-Identifier: GPL-2.0-or-later
// The messages of a batch that make and take away the anchor's table, chains and rules.
#pragma once

#include "kmod-shim/batch.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf::anchor {

inline constexpr const char* kTable = "iptables-bpf"; // the nf_tables table, one per family

// An nf_tables table.
struct Place {
    Place(Family in_family, const char* in_table = kTable)
        : family(in_family), table(in_table) {} // NOLINT: a family is its anchor
    Family family;
    const char* table;
};

void add_table(Batch& batch, const Place& place);
void delete_table(Batch& batch, const Place& place); // with all that is in it

void add_chain(Batch& batch, const Place& place, const std::string& chain);
// Policy accept; `behind`: added to the priority of iptables' table.
void add_base_chain(Batch& batch, const Place& place, const std::string& chain, TableId table, Hook hook,
                    int behind = 0);
void delete_chain(Batch& batch, const Place& place, const std::string& chain); // with its rules

// From zero, if there is none yet.
void add_counter(Batch& batch, const Place& place, const std::string& counter);
void delete_counter(Batch& batch, const Place& place, const std::string& counter); // that no rule refers to any more

// Appends a rule. `expressions` puts its expressions on the message; `tried`, `needs` as in refusal(). Userdata: see
// userdata.hpp. `protocol`: what x_tables extensions in it take for the rule's `-p`; 0: none.
void add_rule(Batch& batch, const Place& place, const std::string& chain,
              const std::function<void(nlmsghdr*)>& expressions, std::string tried, std::string needs = {},
              std::span<const std::uint8_t> userdata = {}, std::uint8_t protocol = 0);
void delete_rule(Batch& batch, const Place& place, const std::string& chain, std::uint64_t handle);

} // namespace xtbpf::anchor

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

void add_table(Batch& batch, Family family);
void delete_table(Batch& batch, Family family); // with all that is in it

void add_chain(Batch& batch, Family family, const std::string& chain);
void add_base_chain(Batch& batch, Family family, const std::string& chain, TableId table, Hook hook); // policy accept
void delete_chain(Batch& batch, Family family, const std::string& chain);                             // with its rules

// Appends a rule. `expressions` puts its expressions on the message; `tried`, `needs` as in refusal(). Userdata: see
// userdata.hpp. `protocol`: what x_tables extensions in it take for the rule's `-p`; 0: none.
void add_rule(Batch& batch, Family family, const std::string& chain, const std::function<void(nlmsghdr*)>& expressions,
              std::string tried, std::string needs = {}, std::span<const std::uint8_t> userdata = {},
              std::uint8_t protocol = 0);
void delete_rule(Batch& batch, Family family, const std::string& chain, std::uint64_t handle);

} // namespace xtbpf::anchor

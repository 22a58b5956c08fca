// SPDX-License-Identifier: GPL-2.0-or-later
// The fixed geography of netfilter: families, hooks, the five tables, which hooks a table has and at which priority
// its chains stand there (include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace xtbpf {

enum class Family : std::uint8_t { V4, V6 };

// Values are the kernel's NF_INET_* numbers.
enum class Hook : std::uint8_t { Prerouting = 0, Input = 1, Forward = 2, Output = 3, Postrouting = 4 };
inline constexpr std::size_t kHooks = 5;

enum class TableId : std::uint8_t { Filter, Nat, Mangle, Raw, Security };
inline constexpr std::array kTables{TableId::Filter, TableId::Nat, TableId::Mangle, TableId::Raw, TableId::Security};

constexpr std::uint32_t hook_bit(Hook hook) { return 1U << static_cast<unsigned>(hook); }

std::string_view name(Family family); // "ipv4", "ipv6"
std::string_view name(Hook hook);     // "PREROUTING" ...: also the built-in chain's name
std::string_view name(TableId table); // "filter" ...
std::optional<TableId> table_by_name(std::string_view name);
std::optional<Hook> hook_by_chain_name(std::string_view chain);
std::span<const Hook> hooks_of(TableId table); // in hook order: the order of built-in chains in a save
bool table_has_hook(TableId table, Hook hook);
std::int32_t priority(TableId table, Hook hook); // netfilter priority of the table's chain at that hook

} // namespace xtbpf

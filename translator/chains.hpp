// SPDX-License-Identifier: GPL-2.0-or-later
// The graph of a table's chains: jumps and gotos are its edges, built-in chains its roots. Depth first, without
// recursion: a table may nest as many chains as it has.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace xtbpf {

std::optional<std::uint32_t> builtin_chain(const ir::Table& table, Hook hook);
bool accepts_all(const ir::Table& table, Hook hook); // its chain has no rules, and policy ACCEPT

struct ChainOrder {
    std::vector<std::uint32_t> entered; // the chains reachable from the root, each once, as rules first enter them
    std::vector<std::uint32_t> callees_first; // the same, every chain behind all it jumps to (if there is no loop)
};

// Every rule's jump counts, also one that no packet can get to. `visit` sees each rule once, before what it jumps to.
ChainOrder chain_order(const ir::Table& table, std::uint32_t root, const std::function<void(const ir::Rule&)>& visit);
ChainOrder chain_order(const ir::Table& table, std::uint32_t root);

// The same, but a chain ends at its first unconditional Accept, Drop or Return, as mark_source_chains does
// (net/ipv4/netfilter/ip_tables.c): what stands behind isn't walked.
ChainOrder live_chain_order(const ir::Table& table, std::uint32_t root);

// Whether the walk never goes past this rule within its chain: Accept, Drop, Return without a predicate.
bool ends_chain(const ir::Rule& rule);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_stage.hpp"

#include "datapath/accounts.hpp"
#include "datapath/early_load.hpp"
#include "datapath/early_program.hpp"
#include "datapath/store.hpp"
#include "kmod-shim/anchor.hpp"
#include "translator/knowable.hpp"

#include <algorithm>
#include <utility>

namespace xtbpf::early {

namespace {

struct Loaded {
    Fd xdp, tc; // both missing: nothing to do early
};

Result<Loaded> load(std::span<const TableInForce> tables, Choice choice) {
    Loaded loaded;
    if (choice == Choice::Off) return loaded;
    const Code code = compile(tables);
    if (code.empty()) return loaded;
    const auto needed = wants_xdp(choice);
    if (!needed) return std::unexpected(needed.error());
    if (*needed)
        if (auto xdp = load(Place::Xdp, code, tables)) loaded.xdp = std::move(*xdp); // else tc does it
    auto tc = load(Place::Tc, code, tables);
    if (!tc) return std::unexpected(tc.error());
    loaded.tc = std::move(*tc);
    return loaded;
}

} // namespace

Result<std::vector<Coverage>> apply(std::span<const TableInForce> tables, Choice choice) {
    const auto loaded = load(tables, choice);
    if (!loaded) return std::unexpected(loaded.error());
    if (loaded->tc) return attach({.xdp = loaded->xdp.get(), .tc = loaded->tc.get()}, choice);
    if (auto gone = detach(); !gone) return std::unexpected(gone.error());
    return coverage();
}

namespace {

std::size_t count_rules(const auto& table) {
    std::size_t rules = 0;
    for (const auto& chain : table.chains)
        rules += chain.rules.size();
    return rules;
}

// The built-in chains alone: enough for deferring().
ir::Table without_rules(const StoredTable& stored) {
    ir::Table table{.family = stored.family, .id = stored.id, .chains = {}};
    for (const StoredChain& chain : stored.chains)
        for (Hook hook : hooks_of(stored.id))
            if (chain.accept && chain.name == name(hook))
                table.chains.push_back({chain.name, ir::Builtin{hook, *chain.accept, chain.account.slot}, {}});
    return table;
}

// A table read from its store, lowered if the early stage can use it.
Result<ir::Table> lowered(StoredTable stored, const LowerTable& lower) {
    if (count_rules(stored) > kMostRules) return deferring(without_rules(stored));
    auto table = lower(stored);
    if (!table) return table;
    // Accounts are complete: this only copies them into the IR.
    if (auto assigned = assign_accounts(stored, *table, &stored); !assigned) return std::unexpected(assigned.error());
    return table;
}

// Adds the tables in force that aren't there yet.
Result<void> add_others(std::vector<TableInForce>& tables, const LowerTable& lower) {
    const auto there = [&](Family family, TableId id) {
        return std::ranges::any_of(
            tables, [&](const TableInForce& each) { return each.table.family == family && each.table.id == id; });
    };
    for (Family family : {Family::V4, Family::V6})
        for (TableId id : kTables) {
            if (there(family, id)) continue;
            auto store = read_store(family, id);
            if (!store) return std::unexpected(store.error());
            if (!*store) continue;
            auto table = lowered(std::move((*store)->table), lower);
            if (!table) return std::unexpected(table.error());
            tables.push_back({std::move(*table), std::move((*store)->counters)});
        }
    return {};
}

} // namespace

Result<std::vector<Coverage>> apply_with_others(TableInForce committed, const LowerTable& lower, Choice choice) {
    if (choice == Choice::Off) return early::apply({}, choice);
    if (count_rules(committed.table) > kMostRules) committed.table = deferring(committed.table);
    std::vector<TableInForce> tables;
    tables.push_back(std::move(committed));
    if (auto added = add_others(tables, lower); !added) return std::unexpected(added.error());
    return early::apply(tables, choice);
}

Result<Spare> make_spare(const LowerTable& lower, Choice choice) {
    auto rules = rules_in_force();
    if (!rules) return std::unexpected(rules.error());
    std::vector<TableInForce> tables;
    if (auto added = add_others(tables, lower); !added) return std::unexpected(added.error());
    auto loaded = load(tables, choice);
    if (!loaded) return std::unexpected(loaded.error());
    for (const Fd* program : {&loaded->xdp, &loaded->tc})
        if (*program)
            if (auto off = set_switch(program->get(), false); !off) return std::unexpected(off.error());
    return Spare{std::move(loaded->xdp), std::move(loaded->tc), std::move(*rules)};
}

Result<std::string> rules_in_force() {
    std::string all;
    for (Family family : {Family::V4, Family::V6})
        for (TableId id : kTables) {
            const auto anchored = anchor::inspect(family, id);
            if (!anchored) return std::unexpected(anchored.error());
            if (*anchored) all.append((*anchored)->tag.begin(), (*anchored)->tag.end());
            all += '/';
        }
    return all;
}

} // namespace xtbpf::early

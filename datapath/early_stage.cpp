// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_stage.hpp"

#include "datapath/accounts.hpp"
#include "datapath/early_load.hpp"
#include "datapath/store.hpp"

#include <utility>

namespace xtbpf::early {

Result<std::vector<Coverage>> apply(std::span<const TableInForce> tables, Choice choice) {
    const Code code = compile(tables);
    if (choice == Choice::Off || code.empty()) {
        if (auto gone = detach(); !gone) return std::unexpected(gone.error());
        return coverage();
    }
    const auto needed = wants_xdp(choice);
    if (!needed) return std::unexpected(needed.error());
    Fd xdp;
    if (*needed)
        if (auto loaded = load(Place::Xdp, code, tables)) xdp = std::move(*loaded); // else tc does it
    const auto tc = load(Place::Tc, code, tables);
    if (!tc) return std::unexpected(tc.error());
    return attach({.xdp = xdp.get(), .tc = tc->get()}, choice);
}

Result<std::vector<Coverage>> apply_with_others(TableInForce committed, const LowerTable& lower, Choice choice) {
    const std::pair done{committed.table.family, committed.table.id};
    std::vector<TableInForce> tables;
    tables.push_back(std::move(committed));
    for (Family family : {Family::V4, Family::V6})
        for (TableId id : kTables) {
            if (std::pair{family, id} == done) continue;
            auto store = read_store(family, id);
            if (!store) return std::unexpected(store.error());
            if (!*store) continue;
            StoredTable stored = (*store)->table;
            auto table = lower(stored);
            if (!table) return std::unexpected(table.error());
            // Accounts are complete: this only copies them into the IR.
            if (auto assigned = assign_accounts(stored, *table, &stored); !assigned)
                return std::unexpected(assigned.error());
            tables.push_back({std::move(*table), std::move((*store)->counters)});
        }
    return early::apply(tables, choice);
}

} // namespace xtbpf::early

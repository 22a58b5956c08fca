// SPDX-License-Identifier: GPL-2.0-or-later
// The truth, kept in the kernel: a table's rules as text, their slots and counter bases, in a frozen map, and the pages its
// programs count in. All of them hang on the "holder", a program that never runs and that the anchor's T-store rule keeps;
// that rule's tag tells the holder's id. So the store lives exactly as long as its network namespace.
//
// A commit, in order:
//     auto generation = anchor::generation_id();
//     auto current = read_store(family, table);         // the very state the command was worked out from
//     auto store = build_store(next, program, current ? &*current : nullptr);
//     ... load programs with store->counters.fds(), store->limits.fds() ...
//     hold(*store, image);
//     anchor::commit({.holder = store->holder.get(), .tag = store->tag, ...}, generation);
#pragma once

#include "datapath/counters.hpp"
#include "datapath/fd.hpp"
#include "datapath/store_format.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace xtbpf {

struct CurrentStore {
    StoredTable table;      // accounts with slot, state and counters as of now; set = false
    std::uint64_t made = 0; // when the table came into being: nanoseconds since boot
    CounterPages counters;
    LimitPages limits;
    std::vector<Counters> raw;     // by slot: what the pages held when `table` was read
    HookCounters counted{};        // what nf_tables itself had counted then
    std::uint32_t programless = 0; // as in Anchored
    Fd holder;
    Fd map;                        // the frozen store map; whatever else is to keep the store alive may hold it too
    Fd image;                      // of the chains that are data; none: there are none
    std::uint32_t edition = 0;     // that was read, if there is an image
    std::vector<std::uint8_t> tag; // as found in the anchor
    bool conntrack = false;        // as committed
    bool whole = true;             // the anchor has a base chain with a rule for each hook of the table
};

// The store in force in the current network namespace; nullopt: none. An unreadable one (another version, damaged) is an error.
Result<std::optional<CurrentStore>> read_store(Family family, TableId table);

struct NewStore {
    CounterPages counters; // with room for all slots of the table; the old pages are the same maps as before
    LimitPages limits;
    HookCounters counted{}; // what nf_tables had counted when `current` was read: for the tag
    Fd map;                 // the frozen store map
    Nonce nonce;
    Fd holder;                     // for TablePlan::holder; holds map and pages
    std::vector<std::uint8_t> tag; // for TablePlan::tag
};

// A store that isn't in force any more, but that somebody holds: by its tag (as CurrentStore::tag). It isn't whole. nullopt: it is gone.
// What nf_tables had counted since it was made is lost if its counters are gone, too.
Result<std::optional<CurrentStore>> read_held(const std::vector<std::uint8_t>& tag);

// Its holder; while this is open, the store and all that it counts in stay. None: it is gone.
Fd hold_store(const std::vector<std::uint8_t>& tag);

// Makes the store of `next`: gives slots and states (accounts.hpp) in `next` and `program`, grows the pages, writes and
// freezes the map. Nothing in force is touched. An account that is `set` or new shows its `counters` from then on, plus what
// has been counted since `current` was read: with the very `current` that was listed, nothing between a listing and its
// zeroing is lost (as libiptc does). An account that isn't `set` goes on counting, whatever `counters` it holds.
// Holder and tag are hold()'s.
Result<NewStore> build_store(StoredTable& next, ir::Table& program, const CurrentStore* current);

// Takes what the table's holder keeps of fitted BPF objects, if the table is there (fitted_objects.hpp).
void find_fitted(Family family, TableId table);

// Makes the holder and its tag. `image`: the map of the chains that are data; -1: there are none.
Result<void> hold(NewStore& store, int image);

} // namespace xtbpf

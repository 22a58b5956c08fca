// SPDX-License-Identifier: GPL-2.0-or-later
// The base chains of an iptables table with their side chains, in the one or the other nf_tables table. Layout: anchor.hpp.
#pragma once

#include "kmod-shim/anchor.hpp"
#include "kmod-shim/batch.hpp"
#include "kmod-shim/messages.hpp"

#include <string>
#include <vector>

namespace xtbpf::anchor {

// Where the chains of a table's hooks can be, and which are in each place now.
struct HookPlaces {
    struct Known {
        Place place;
        std::vector<std::string> chains; // all, in no particular order
    };
    Known ours, named; // the anchor's own nf_tables table; the one of the iptables table's name
};
Result<HookPlaces> hook_places(Socket& socket, Family family, TableId table);

// Base chains of `table`, and side chains, those that jump first.
std::vector<std::string> hook_chains_of(TableId table, const std::vector<std::string>& present);

// The base chains have to move to the other nf_tables table. The new ones must be there, empty, before the rules move: a packet
// that is on its way through a hook doesn't see a base chain that comes after it has begun.
bool moves(const TablePlan& plan, const HookPlaces& places);
void add_empty_base_chains(Batch& batch, const TablePlan& plan, const HookPlaces& places);
// Takes those away again; the rest of what is there stays.
void delete_empty_base_chains(Batch& batch, const TablePlan& plan, const HookPlaces& places);

Result<void> swap_hooks(Batch& batch, Socket& socket, const TablePlan& plan, const HookPlaces& places,
                        std::uint32_t generation);

// Takes the chains away where they aren't in the anchor's own nf_tables table, and that table if nothing else is in it.
void delete_named(Batch& batch, TableId table, const HookPlaces& places);

} // namespace xtbpf::anchor

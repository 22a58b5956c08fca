// SPDX-License-Identifier: GPL-2.0-or-later
// Random tables, and packets aimed at their rules: what the interpreter and the generated code are compared on. The
// same seed gives the same tables and packets everywhere.
#pragma once

#include "tests/random.hpp"
#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstdint>
#include <vector>

namespace xtbpf::testing {

struct TableShape {
    std::uint32_t user_chains = 4; // a chain jumps to later ones only: no loops, nesting as deep as this
    std::uint32_t rules = 8;       // at most, per chain
    std::uint32_t predicates = 4;  // at most, per rule
    bool deep = false;             // every chain but the last holds a jump to the next one
    bool effects = true;           // REJECT, LOG
    bool limits = true;            // LimitTest
    bool kernel_matches = true;    // KernelMatch; at most 8 in the table
};

// Slots and limit states are numbered from 0 in order of the table.
ir::Table random_table(Random& random, Family family, TableId id, const TableShape& shape = {});

ir::Predicate random_predicate(Random& random, Family family);
ir::Predicate random_bytes_predicate(Random& random, Family family); // those of packet_tests.hpp

struct Packet {
    std::vector<std::uint8_t> bytes; // from the IP header on, without padding
    xt_view view;                    // parse_packet of the bytes, and the fields that don't come from them
};

// Mostly aimed at one rule of the table and at the jumps that lead to it: each predicate held, just missed (a neighbour
// of its constants), or left to chance. At PREROUTING and INPUT no out-interface, at OUTPUT no in-interface.
Packet random_packet(Random& random, const ir::Table& table, Hook hook);

} // namespace xtbpf::testing

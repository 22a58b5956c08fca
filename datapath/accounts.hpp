// SPDX-License-Identifier: GPL-2.0-or-later
// Gives counter slots and limit states to the rules of a table that is about to be committed. Pure.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf {

// The accounts of a StoredTable's policies and rules, in their order.
template <typename Table, typename Visit> void for_accounts(Table& table, Visit visit) {
    for (auto& chain : table.chains) {
        if (chain.accept) visit(chain.account);
        for (auto& rule : chain.rules)
            visit(rule.account);
    }
}

struct Assigned {
    std::uint32_t slots = 0;               // room needed: one more than the highest slot
    std::uint32_t states = 0;              // likewise
    std::vector<std::uint32_t> new_states; // given to a rule now: to be cleared before the swap
};

// Fills in what is missing in `next` (every rule and every built-in chain gets a slot, a rule with LimitTests
// consecutive states) and copies all of them into `program`, which is `next` lowered: same chains, same rules. Keeps
// what is there, unless two rules claim the same slot: the later gets a new one. A slot that `current` (the table in
// force; nullptr: none) uses is not given out, even if `next` has dropped its rule: the programs in force count there
// until the swap, and a commit that fails must not have disturbed them.
Result<Assigned> assign_accounts(StoredTable& next, ir::Table& program, const StoredTable* current);

} // namespace xtbpf

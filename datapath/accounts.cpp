// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/accounts.hpp"

#include <algorithm>
#include <variant>

namespace xtbpf {

namespace {

// Numbers from 0 on that are taken or free; gives out the lowest free ones.
class Pool {
  public:
    // False if one of them is taken already.
    bool take(std::uint32_t first, std::uint32_t count) {
        if (!free(first, count)) return false;
        mark(first, count);
        return true;
    }

    std::uint32_t give(std::uint32_t count) {
        while (!free(next_, count))
            ++next_;
        const std::uint32_t first = next_;
        mark(first, count);
        next_ = first + count;
        return first;
    }

  private:
    bool free(std::uint32_t first, std::uint32_t count) const {
        for (std::uint32_t i = first; i < first + count && i < taken_.size(); ++i)
            if (taken_[i]) return false;
        return true;
    }

    void mark(std::uint32_t first, std::uint32_t count) {
        if (taken_.size() < first + count)
            taken_.resize(std::max<std::size_t>(first + count, 2 * taken_.size()), false);
        std::fill_n(taken_.begin() + first, count, true);
    }

    std::vector<bool> taken_;
    std::uint32_t next_ = 0; // none below is free for a single one; for longer runs there may be gaps, which are left
};

std::uint32_t states_of(const ir::Rule& rule) {
    return static_cast<std::uint32_t>(std::ranges::count_if(rule.predicates, ir::keeps_state));
}

bool same_shape(const StoredTable& stored, const ir::Table& program) {
    if (stored.chains.size() != program.chains.size()) return false;
    for (std::size_t i = 0; i < stored.chains.size(); ++i)
        if (stored.chains[i].rules.size() != program.chains[i].rules.size() ||
            stored.chains[i].accept.has_value() != program.chains[i].builtin.has_value())
            return false;
    return true;
}

class Assignment {
  public:
    explicit Assignment(const StoredTable* current) {
        if (current == nullptr) return;
        for_accounts(*current, [&](const Account& account) {
            if (account.slot == kNoSlot) return;
            slots_.take(account.slot, 1);
            if (account.states > 0) states_.take(account.state, account.states);
            if (in_force_.size() <= account.slot) in_force_.resize(account.slot + std::size_t{1});
            in_force_[account.slot] = {true, account.state, account.states};
        });
    }

    // Keeps a slot only if the table in force has it and no rule before claimed it.
    void slot(Account& account) {
        if (account.slot == kNoSlot || !current_has(account) || !claimed_.take(account.slot, 1)) {
            // Whatever the rule counted elsewhere is its base from now on.
            account.set = true;
            account.slot = slots_.give(1);
            account.state = kNoSlot;
            account.states = 0;
        }
        done_.slots = std::max(done_.slots, account.slot + 1);
    }

    void states(Account& account, std::uint32_t wanted) {
        if (wanted == 0 || account.states != wanted) {
            account.state = wanted == 0 ? kNoSlot : states_.give(wanted);
            account.states = wanted;
            for (std::uint32_t i = 0; i < wanted; ++i)
                done_.new_states.push_back(account.state + i);
        }
        if (wanted > 0) done_.states = std::max(done_.states, account.state + wanted);
    }

    Assigned take() { return std::move(done_); }

  private:
    // Whether the slot is in force; then its states are what the rule keeps.
    bool current_has(Account& account) {
        if (account.slot >= in_force_.size() || !in_force_[account.slot].there) return false;
        account.state = in_force_[account.slot].state;
        account.states = in_force_[account.slot].states;
        return true;
    }

    struct InForce {
        bool there = false;
        std::uint32_t state = kNoSlot, states = 0;
    };

    Pool slots_, states_;           // taken: in force, or given out
    Pool claimed_;                  // slots that rules of the new table have kept
    std::vector<InForce> in_force_; // by slot
    Assigned done_;
};

} // namespace

Result<Assigned> assign_accounts(StoredTable& next, ir::Table& program, const StoredTable* current) {
    if (!same_shape(next, program)) return fail(ErrorKind::Refused, "rules and program differ in shape");
    Assignment assignment(current);
    for (std::size_t i = 0; i < next.chains.size(); ++i) {
        StoredChain& chain = next.chains[i];
        if (chain.accept) {
            assignment.slot(chain.account);
            program.chains[i].builtin->slot = chain.account.slot;
        }
        for (std::size_t j = 0; j < chain.rules.size(); ++j) {
            Account& account = chain.rules[j].account;
            ir::Rule& rule = program.chains[i].rules[j];
            assignment.slot(account);
            assignment.states(account, states_of(rule));
            rule.slot = account.slot;
            std::uint32_t state = account.state;
            for (ir::Predicate& predicate : rule.predicates)
                if (std::uint32_t* at = ir::state_of(predicate)) *at = state++;
        }
    }
    return assignment.take();
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/effects.hpp"

#include "translator/chains.hpp"
#include "translator/record.h"

#include <algorithm>
#include <optional>

namespace xtbpf {

namespace {

using Cost = std::optional<std::uint32_t>; // what is counted, so far on the costliest path; nullopt: no path

// Enough to tell that a path is too costly: paths double where chains are entered twice.
constexpr std::uint32_t kCountless = 100'000;

// The costliest paths through a chain: to a verdict inside it (or below), and back to the caller.
struct Passage {
    Cost ends, returns;
};

class CostliestPath {
  public:
    using Counted = bool (*)(const ir::Predicate&); // nullptr: effects are counted, not predicates
    CostliestPath(const ir::Table& table, Counted counted)
        : table_(table), counted_(counted), passages_(table.chains.size()) {}

    std::uint32_t of(std::uint32_t root) {
        for (std::uint32_t chain : chain_order(table_, root).callees_first)
            passages_[chain] = pass(table_.chains[chain]);
        return std::max(passages_[root].ends.value_or(0), passages_[root].returns.value_or(0));
    }

  private:
    static Cost add(Cost a, Cost b) {
        if (!a || !b) return std::nullopt;
        return std::min(*a + *b, kCountless);
    }

    Passage pass(const ir::Chain& chain) const {
        Passage passage;
        Cost here = 0;
        for (const ir::Rule& rule : chain.rules) {
            const Cost asked_here = add(here, asked(rule));
            const bool effect = counted_ == nullptr && std::holds_alternative<ir::HandOff>(rule.action);
            const Cost matched = add(asked_here, effect ? 1 : 0);
            here = rule.predicates.empty() ? Cost{} : asked_here; // as it goes on if the rule's last predicate is false
            if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) {
                const Passage& below = passages_[jump->chain];
                passage.ends = std::max(passage.ends, add(matched, below.ends));
                Cost& back = jump->is_goto ? passage.returns : here;
                back = std::max(back, add(matched, below.returns));
            } else if (std::holds_alternative<ir::Return>(rule.action)) {
                passage.returns = std::max(passage.returns, matched);
            } else if (goes_on(rule.action)) {
                here = std::max(here, matched);
            } else {
                passage.ends = std::max(passage.ends, matched);
            }
            if (!here) return passage;
        }
        passage.returns = std::max(passage.returns, here);
        return passage;
    }

    Cost asked(const ir::Rule& rule) const {
        if (counted_ == nullptr) return 0;
        return static_cast<std::uint32_t>(std::ranges::count_if(rule.predicates, counted_));
    }

    static bool goes_on(const ir::Action& action) {
        if (const auto* off = std::get_if<ir::HandOff>(&action))
            return std::holds_alternative<ir::LogEffect>(off->effect);
        return std::holds_alternative<ir::Continue>(action);
    }

    const ir::Table& table_;
    Counted counted_;
    std::vector<Passage> passages_;
};

bool asks_kernel(const ir::Predicate& predicate) { return std::holds_alternative<ir::KernelMatch>(predicate); }

// Effects are due in the order of their numbers if no two rules share one and no chain is entered from two rules.
std::uint32_t passes(const ir::Table& table, std::uint32_t root, std::size_t effects) {
    if (effects == 0) return 0;
    std::size_t rules = 0;
    std::vector<std::uint32_t> entries(table.chains.size());
    chain_order(table, root, [&](const ir::Rule& rule) {
        if (std::holds_alternative<ir::HandOff>(rule.action)) ++rules;
        if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) ++entries[jump->chain];
    });
    if (rules == effects && std::ranges::all_of(entries, [](std::uint32_t count) { return count <= 1; })) return 1;
    return std::clamp(CostliestPath(table, nullptr).of(root), 1U, std::uint32_t{XT_MOST_EFFECTS});
}

} // namespace

HookNeeds hook_needs(const ir::Table& table, Hook hook) {
    HookNeeds needs;
    const auto root = builtin_chain(table, hook);
    if (!root) return needs;
    chain_order(table, *root, [&](const ir::Rule& rule) {
        for (const ir::Predicate& predicate : rule.predicates)
            if (const auto* match = std::get_if<ir::KernelMatch>(&predicate)) needs.kernel_matches.push_back(*match);
        const auto* off = std::get_if<ir::HandOff>(&rule.action);
        if (off && effect_number(needs, off->effect) == needs.effects.size()) needs.effects.push_back(off->effect);
    });
    needs.passes = passes(table, *root, needs.effects.size());
    needs.rounds = std::min(CostliestPath(table, asks_kernel).of(*root), std::uint32_t{XT_MOST_ANSWERS});
    if (needs.rounds == 0) needs.kernel_matches.clear(); // they stand behind rules that end every path
    return needs;
}

std::uint32_t effect_number(const HookNeeds& needs, const ir::Effect& effect) {
    return static_cast<std::uint32_t>(std::ranges::find(needs.effects, effect) - needs.effects.begin());
}

} // namespace xtbpf

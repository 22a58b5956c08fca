// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/effects.hpp"

#include "translator/chains.hpp"
#include "translator/reads.hpp"
#include "translator/record.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

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
    // What a rule costs: its predicates, and its action once they hold.
    struct Price {
        std::function<std::uint32_t(const ir::Predicate&)> predicate;
        std::function<std::uint32_t(const ir::Effect&)> effect;
    };
    CostliestPath(const ir::Table& table, Price price)
        : table_(table), price_(std::move(price)), passages_(table.chains.size()) {}

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
            const auto* off = std::get_if<ir::HandOff>(&rule.action);
            const Cost matched = add(asked_here, off ? price_.effect(off->effect) : 0);
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
        std::uint32_t sum = 0;
        for (const ir::Predicate& predicate : rule.predicates)
            sum += price_.predicate(predicate);
        return sum;
    }

    static bool goes_on(const ir::Action& action) {
        if (const auto* off = std::get_if<ir::HandOff>(&action)) return !ends(off->effect);
        return std::holds_alternative<ir::Continue>(action);
    }

    const ir::Table& table_;
    Price price_;
    std::vector<Passage> passages_;
};

std::uint32_t asks_kernel(const ir::Predicate& predicate) { return std::holds_alternative<ir::KernelMatch>(predicate); }

} // namespace

HookNeeds hook_needs(const ir::Table& table, Hook hook) {
    HookNeeds needs;
    const auto root = builtin_chain(table, hook);
    if (!root) return needs;
    chain_order(table, *root, [&](const ir::Rule& rule) {
        for (const ir::Predicate& predicate : rule.predicates) {
            if (const auto* match = std::get_if<ir::KernelMatch>(&predicate)) needs.kernel_matches.push_back(*match);
            needs.reads = static_cast<ir::Touched>(needs.reads | reads(predicate));
        }
        const auto* off = std::get_if<ir::HandOff>(&rule.action);
        if (!off) return;
        const auto number = static_cast<std::uint32_t>(needs.effects.size());
        if (needs.numbers.emplace(dump(off->effect), number).second) needs.effects.push_back(off->effect);
    });
    const auto nothing = [](const ir::Predicate&) { return 0U; };
    const auto any = [](const ir::Effect&) { return 1U; };
    const auto stopping = [&](const ir::Effect& effect) { return stops(needs, effect) ? 1U : 0U; };
    if (!needs.effects.empty())
        needs.passes = std::clamp(CostliestPath(table, {nothing, any}).of(*root), 1U, std::uint32_t{XT_MOST_EFFECTS});
    needs.stops = std::min(CostliestPath(table, {asks_kernel, stopping}).of(*root), std::uint32_t{XT_MOST_STOPS});
    // Kernel matches that stand behind rules which end every path are never asked.
    if (CostliestPath(table, {asks_kernel, [](const ir::Effect&) { return 0U; }}).of(*root) == 0)
        needs.kernel_matches.clear();
    return needs;
}

std::uint32_t effect_number(const HookNeeds& needs, const ir::Effect& effect) { return needs.numbers.at(dump(effect)); }

bool stops(const HookNeeds& needs, const ir::Effect& effect) {
    if (ends(effect)) return false;
    return ir::after(effect) == ir::After::Waits || (ir::writes(effect) & needs.reads) != 0;
}

} // namespace xtbpf

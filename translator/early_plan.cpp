// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/early_plan.hpp"

#include "translator/chains.hpp"
#include "translator/knowable.hpp"

#include <algorithm>
#include <array>

namespace xtbpf {

namespace {

// How a walk can leave a chain.
struct Outcomes {
    bool drops = false, accepts = false, returns = false, defers = false;
};

bool falls_through(const ir::Action& action, const std::vector<Outcomes>& chains) {
    if (const auto* jump = std::get_if<ir::Jump>(&action)) return !jump->is_goto && chains[jump->chain].returns;
    return std::holds_alternative<ir::Continue>(action);
}

// Whether a walk that gets to this rule never gets to the next.
bool stops(const ir::Rule& rule, const std::vector<Outcomes>& chains) {
    return rule.predicates.empty() && !falls_through(rule.action, chains);
}

// The outcomes of one chain, of whose callees they are known.
Outcomes outcomes_of(const ir::Chain& chain, const std::vector<Outcomes>& chains) {
    Outcomes all;
    const auto leave = [&] { // by RETURN or at the end
        if (!chain.builtin)
            all.returns = true;
        else
            (chain.builtin->accept ? all.accepts : all.drops) = true;
    };
    for (const ir::Rule& rule : chain.rules) {
        if (defers(rule.action)) {
            all.defers = true;
        } else if (std::holds_alternative<ir::Accept>(rule.action)) {
            all.accepts = true;
        } else if (std::holds_alternative<ir::Drop>(rule.action)) {
            all.drops = true;
        } else if (std::holds_alternative<ir::Return>(rule.action)) {
            leave();
        } else if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) {
            const Outcomes& below = chains[jump->chain];
            all.accepts |= below.accepts;
            all.drops |= below.drops;
            all.defers |= below.defers;
            if (jump->is_goto && below.returns) leave();
        }
        if (stops(rule, chains)) return all;
    }
    leave();
    return all;
}

// A table rewritten by defer_unknown, and what each chain reachable from the root can come to.
struct Analysis {
    ir::Table table;
    std::vector<std::uint32_t> reachable; // callees first, the built-in chain last
    std::vector<Outcomes> chains;         // by index
};

Analysis analyse(const ir::Table& table, std::uint32_t root, Hook hook) {
    Analysis analysis{defer_unknown(table, hook), live_chain_order(table, root).callees_first,
                      std::vector<Outcomes>(table.chains.size())};
    for (std::uint32_t chain : analysis.reachable)
        analysis.chains[chain] = outcomes_of(analysis.table.chains[chain], analysis.chains);
    return analysis;
}

// One list of the plan.
struct Leg {
    std::vector<EarlyStep> steps;
    bool passable = true; // a packet can be accepted in all of them
    bool rules = false;   // in any of them, not just policies

    bool drops() const { return std::ranges::any_of(steps, &EarlyStep::drops); }
    bool defers() const { return std::ranges::any_of(steps, &EarlyStep::defers); }
    void cut_behind_last_drop() {
        while (!steps.empty() && !steps.back().drops)
            steps.pop_back();
    }
};

const ir::Table* find(std::span<const ir::Table> tables, TableId id) {
    const auto table = std::ranges::find(tables, id, &ir::Table::id);
    return table == tables.end() ? nullptr : &*table;
}

Leg walk(std::span<const ir::Table> tables, std::span<const TableId> order, Hook hook) {
    Leg leg;
    for (TableId id : order) {
        const ir::Table* table = find(tables, id);
        const auto root = table && leg.passable ? builtin_chain(*table, hook) : std::nullopt;
        if (!root) continue;
        const Outcomes all = analyse(*table, *root, hook).chains[*root];
        leg.steps.push_back({id, hook, all.drops, all.defers});
        leg.rules |= !table->chains[*root].rules.empty();
        leg.passable = all.accepts;
    }
    return leg;
}

bool translates_addresses(std::span<const ir::Table> tables) {
    const ir::Table* nat = find(tables, TableId::Nat);
    const auto root = nat ? builtin_chain(*nat, Hook::Prerouting) : std::nullopt;
    return root && !nat->chains[*root].rules.empty();
}

// Cuts a chain where no drop can follow; see prune_for_early.
class Pruner {
  public:
    Pruner(const std::vector<Outcomes>& chains, bool accept_matters)
        : chains_(chains), accept_matters_(accept_matters) {}

    void prune(ir::Chain& chain) const {
        std::vector<ir::Rule>& rules = chain.rules;
        const auto last = std::ranges::find_if(rules, [&](const ir::Rule& rule) { return stops(rule, chains_); });
        if (last != rules.end()) rules.erase(last + 1, rules.end());
        std::size_t keep = rules.size();
        bool next_matters = leaving_matters(chain);
        for (std::size_t at = rules.size(); at-- > 0;) {
            next_matters = matters(chain, rules[at], next_matters);
            if (!next_matters) keep = at;
        }
        if (keep == rules.size()) return;
        const ir::Slot slot = rules[keep].slot;
        rules.resize(keep);
        rules.push_back({{}, kDefer, slot});
    }

  private:
    // A user chain's callers aren't asked: what goes back to them may matter.
    bool leaving_matters(const ir::Chain& chain) const {
        return !chain.builtin || !chain.builtin->accept || accept_matters_;
    }

    // Whether a drop (or an accept, if that matters) can be reached from this rule on.
    bool matters(const ir::Chain& chain, const ir::Rule& rule, bool next_matters) const {
        return (!rule.predicates.empty() && next_matters) || action_matters(chain, rule.action, next_matters);
    }

    bool action_matters(const ir::Chain& chain, const ir::Action& action, bool next_matters) const {
        if (defers(action)) return false;
        if (std::holds_alternative<ir::Drop>(action)) return true;
        if (std::holds_alternative<ir::Accept>(action)) return accept_matters_;
        if (std::holds_alternative<ir::Return>(action)) return leaving_matters(chain);
        const auto* jump = std::get_if<ir::Jump>(&action);
        if (!jump) return next_matters;
        const Outcomes& below = chains_[jump->chain];
        const bool back_matters = jump->is_goto ? leaving_matters(chain) : next_matters;
        return below.drops || (below.accepts && accept_matters_) || (below.returns && back_matters);
    }

    const std::vector<Outcomes>& chains_;
    bool accept_matters_;
};

} // namespace

EarlyPlan early_plan(std::span<const ir::Table> tables) {
    constexpr std::array before_routing{TableId::Raw, TableId::Mangle};
    constexpr std::array behind_routing{TableId::Mangle, TableId::Filter, TableId::Security};
    Leg prerouting = walk(tables, before_routing, Hook::Prerouting), input, forward;
    const bool goes_on = prerouting.passable && !translates_addresses(tables);
    if (goes_on) {
        input = walk(tables, behind_routing, Hook::Input);
        forward = walk(tables, behind_routing, Hook::Forward);
    }
    EarlyPlan plan;
    plan.complete = goes_on && !prerouting.defers() && !input.defers() && !forward.defers();
    input.cut_behind_last_drop();
    forward.cut_behind_last_drop();
    // `-P FORWARD DROP` alone is what a host has that forwards nothing: all it receives would be asked for its route in vain.
    if (input.steps.empty() && !forward.rules) forward.steps.clear();
    if (input.steps.empty() && forward.steps.empty()) prerouting.cut_behind_last_drop();
    plan.prerouting = std::move(prerouting.steps);
    plan.input = std::move(input.steps);
    plan.forward = std::move(forward.steps);
    return plan;
}

ir::Table prune_for_early(const ir::Table& table, Hook hook, bool accept_matters) {
    const auto root = builtin_chain(table, hook);
    if (!root) return table;
    Analysis analysis = analyse(table, *root, hook);
    ir::Table& pruned = analysis.table;
    const Pruner pruner(analysis.chains, accept_matters);
    for (std::uint32_t chain : analysis.reachable)
        pruner.prune(pruned.chains[chain]);
    std::vector<bool> kept(pruned.chains.size(), false);
    for (std::uint32_t chain : live_chain_order(pruned, *root).entered)
        kept[chain] = true;
    for (std::uint32_t chain = 0; chain < kept.size(); ++chain)
        if (!kept[chain]) pruned.chains[chain].rules.clear();
    return std::move(pruned);
}

} // namespace xtbpf

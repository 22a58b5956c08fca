// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/placements.hpp"

#include "frontend/xtbpf/words.hpp"
#include "translator/chains.hpp"
#include "translator/early_plan.hpp"
#include "translator/knowable.hpp"

#include <algorithm>

namespace xtbpf::tool {

namespace {

void add(Placement& placement, const ir::Rule& rule) {
    ++placement.rules;
    std::string left;
    for (const ir::Predicate& predicate : rule.predicates) {
        if (const auto* match = std::get_if<ir::KernelMatch>(&predicate)) ++placement.matches[match->name];
        if (left.empty() && !knowable(predicate, placement.hook)) left = subject_word(predicate);
    }
    if (const auto* off = std::get_if<ir::HandOff>(&rule.action)) {
        const std::string target = target_word(off->effect);
        ++placement.effects[target];
        if (left.empty()) left = target;
    }
    if (!left.empty()) ++placement.left[left];
}

bool walked_early(const EarlyPlan& plan, TableId table, Hook hook) {
    const auto here = [&](const EarlyStep& step) { return step.table == table && step.hook == hook && step.drops; };
    return std::ranges::any_of(plan.prerouting, here) || std::ranges::any_of(plan.input, here) ||
           std::ranges::any_of(plan.forward, here);
}

// deferring()
bool leaves_alone(const ir::Table& table) {
    return std::ranges::all_of(table.chains, [](const ir::Chain& chain) {
        return chain.builtin && chain.rules.size() == 1 && chain.rules[0].predicates.empty() &&
               chain.rules[0].action == kDefer;
    });
}

std::string why_late(std::span<const ir::Table> tables, const ir::Table& table, Hook hook) {
    if (hook == Hook::Output || hook == Hook::Postrouting) return "the packet isn't known at ingress";
    if (table.id == TableId::Nat) return "translation is the hook's";
    if (leaves_alone(table)) return "its table has too many rules for the early stage";
    if (early_plan({&table, 1}).pays()) {
        const auto nat = std::ranges::find(tables, TableId::Nat, &ir::Table::id);
        if (nat != tables.end() && table.id != TableId::Raw) return "a nat table comes before it";
        return "a chain before it is for the hook";
    }
    return "no rule drops what is known at ingress";
}

} // namespace

std::vector<Placement> placements(std::span<const ir::Table> tables, std::span<const ir::Table> early,
                                  std::size_t which) {
    const ir::Table& table = tables[which];
    const EarlyPlan plan = early_plan(early);
    std::vector<Placement> out;
    for (const Hook hook : hooks_of(table.id)) {
        const auto root = builtin_chain(table, hook);
        if (!root) continue;
        Placement& placement = out.emplace_back();
        placement.hook = hook;
        for (const std::uint32_t chain : live_chain_order(table, *root).entered)
            for (const ir::Rule& rule : table.chains[chain].rules)
                add(placement, rule);
        placement.early = walked_early(plan, table.id, hook);
        if (!placement.early) placement.late = why_late(early, early[which], hook);
    }
    return out;
}

} // namespace xtbpf::tool

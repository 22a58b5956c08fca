// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/chains.hpp"

namespace xtbpf {

namespace {

struct Frame {
    std::uint32_t chain;
    std::size_t rule = 0;
};

ChainOrder walk(const ir::Table& table, std::uint32_t root, bool live_only,
                const std::function<void(const ir::Rule&)>& visit) {
    ChainOrder order;
    std::vector<bool> entered(table.chains.size());
    std::vector<Frame> stack;
    const auto open = [&](std::uint32_t chain) {
        entered[chain] = true;
        order.entered.push_back(chain);
        stack.push_back({chain});
    };
    open(root);
    while (!stack.empty()) {
        const std::uint32_t chain = stack.back().chain;
        const std::vector<ir::Rule>& rules = table.chains[chain].rules;
        const std::size_t at = stack.back().rule++;
        if (at >= rules.size() || (live_only && at > 0 && ends_chain(rules[at - 1]))) {
            order.callees_first.push_back(chain);
            stack.pop_back();
            continue;
        }
        if (visit) visit(rules[at]);
        const auto* jump = std::get_if<ir::Jump>(&rules[at].action);
        if (jump && !entered[jump->chain]) open(jump->chain);
    }
    return order;
}

} // namespace

std::optional<std::uint32_t> builtin_chain(const ir::Table& table, Hook hook) {
    for (std::uint32_t chain = 0; chain < table.chains.size(); ++chain)
        if (table.chains[chain].builtin && table.chains[chain].builtin->hook == hook) return chain;
    return std::nullopt;
}

bool accepts_all(const ir::Table& table, Hook hook) {
    const ir::Chain& chain = table.chains[*builtin_chain(table, hook)];
    return chain.rules.empty() && chain.builtin->accept;
}

bool ends_chain(const ir::Rule& rule) {
    return rule.predicates.empty() &&
           (std::holds_alternative<ir::Accept>(rule.action) || std::holds_alternative<ir::Drop>(rule.action) ||
            std::holds_alternative<ir::Return>(rule.action));
}

ChainOrder chain_order(const ir::Table& table, std::uint32_t root, const std::function<void(const ir::Rule&)>& visit) {
    return walk(table, root, false, visit);
}

ChainOrder chain_order(const ir::Table& table, std::uint32_t root) { return walk(table, root, false, {}); }

ChainOrder live_chain_order(const ir::Table& table, std::uint32_t root) { return walk(table, root, true, {}); }

} // namespace xtbpf

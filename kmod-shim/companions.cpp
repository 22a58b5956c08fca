// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/companions.hpp"

#include "kmod-shim/effects.hpp"
#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace xtbpf::anchor {

namespace {

std::string companion_chain(Hook hook) { return fmt::format("{}-{}", kTable, name(hook)); }

void add_rules(Batch& batch, const Place& place, const HookPlan& hook) {
    const std::string chain = companion_chain(hook.hook);
    const auto targets = companion_targets(hook);
    for (std::size_t at = 0; at < targets.size(); ++at)
        add_rule(
            batch, place, chain,
            [&](nlmsghdr* message) {
                put_program(message, hook.companions[at].due);
                put_effect(message, place.family, hook.hook, *targets[at], {});
            },
            fmt::format("have the kernel do {}", targets[at]->name), "nft_compat, xt_bpf and its xt_ module", {},
            targets[at]->protocol);
    add_rule(
        batch, place, chain, [&](nlmsghdr* message) { put_program(message, hook.end); }, "call a BPF program",
        "nft_compat and xt_bpf");
}

} // namespace

std::vector<const ir::CompanionTarget*> companion_targets(const HookPlan& plan) {
    std::vector<const ir::CompanionTarget*> targets;
    for (const ir::Effect& effect : plan.effects)
        if (const auto* target = std::get_if<ir::CompanionTarget>(&effect)) targets.push_back(target);
    return targets;
}

Result<void> swap_companions(Batch& batch, Socket& socket, const TablePlan& plan) {
    const Place place(plan.family, name(plan.table).data());
    const auto present = chains(socket, place);
    if (!present) return std::unexpected(present.error());
    auto foreign = present->size();
    bool needed = false;
    for (const HookPlan& hook : plan.hooks) {
        needed |= !hook.companions.empty();
        foreign -= std::ranges::count(*present, companion_chain(hook.hook)) != 0 ? 1U : 0U;
    }
    if (!needed && foreign == present->size()) return {};
    if (!needed && foreign == 0) {
        delete_table(batch, place); // nobody else's is in it
        return {};
    }
    if (needed) add_table(batch, place);
    for (const HookPlan& hook : plan.hooks) {
        const std::string chain = companion_chain(hook.hook);
        const bool there = std::ranges::count(*present, chain) != 0;
        if (hook.companions.empty()) {
            if (there) delete_chain(batch, place, chain);
            continue;
        }
        if (there) {
            const auto old = rules(socket, place, chain);
            if (!old) return std::unexpected(old.error());
            for (const RuleFound& rule : *old)
                delete_rule(batch, place, chain, rule.handle);
        } else {
            add_base_chain(batch, place, chain, plan.table, hook.hook, 1);
        }
        add_rules(batch, place, hook);
    }
    return {};
}

} // namespace xtbpf::anchor

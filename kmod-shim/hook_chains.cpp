// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/hook_chains.hpp"

#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/side_chains.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

namespace {

bool contains(const std::vector<std::string>& chains, const std::string& chain) {
    return std::ranges::find(chains, chain) != chains.end();
}

bool is_tied(const TablePlan& plan) {
    const auto effect = [](const ir::Effect& one) {
        const auto* target = std::get_if<ir::KernelTarget>(&one);
        return target && target->tied;
    };
    return std::ranges::any_of(plan.hooks, [&](const HookPlan& hook) {
        return std::ranges::any_of(hook.effects, effect) || std::ranges::any_of(hook.hand_ins, &ir::KernelMatch::tied);
    });
}

bool runs_program(const HookPlan& hook) { return hook.main >= 0; }

// Where the base chain of each hook is to be.
class Wanted {
  public:
    Wanted(const TablePlan& plan, const HookPlaces& places)
        : table_(plan.table), places_(places), tied_(is_tied(plan)) {}

    bool tied() const { return tied_; }
    // A hook that counts stays where the counter is, which doesn't move.
    const HookPlaces::Known& place(const HookPlan& hook) const {
        return tied_ && runs_program(hook) ? places_.named : places_.ours;
    }
    const HookPlaces::Known& other(const HookPlan& hook) const {
        return tied_ && runs_program(hook) ? places_.ours : places_.named;
    }
    // The base chain is only in the other place.
    bool moves(const HookPlan& hook) const {
        const std::string chain = base_chain(table_, hook.hook);
        return contains(other(hook).chains, chain) && !contains(place(hook).chains, chain);
    }

  private:
    TableId table_;
    const HookPlaces& places_;
    bool tied_;
};

// Only the rule of a base chain is exchanged: a chain made anew would let packets through until its hook is registered.
Result<void> swap_hook(Batch& batch, Socket& socket, const HookPlaces::Known& here, const TablePlan& plan,
                       const HookPlan& hook, std::uint32_t generation) {
    const std::string chain = base_chain(plan.table, hook.hook);
    const auto target = add_side_chains(batch, here.place, plan.table, hook, generation);
    if (!target) return std::unexpected(target.error());
    if (contains(here.chains, chain)) {
        const auto old = rules(socket, here.place, chain);
        if (!old) return std::unexpected(old.error());
        for (const RuleFound& rule : *old)
            delete_rule(batch, here.place, chain, rule.handle);
    } else {
        add_base_chain(batch, here.place, chain, plan.table, hook.hook);
    }
    if (!runs_program(hook)) {
        add_counter(batch, here.place, chain);
        add_rule(
            batch, here.place, chain, [&](nlmsghdr* message) { put_counter(message, chain); }, "count packets",
            "nft_objref", programless_comment(plan.table, hook.hook));
        return {};
    }
    add_rule(
        batch, here.place, chain,
        [&](nlmsghdr* message) {
            put_program(message, hook.main);
            put_verdict(message, target->empty() ? NF_DROP : NFT_GOTO, *target);
        },
        "call a BPF program", "nft_compat and xt_bpf",
        comment(fmt::format("iptables {} {}", name(plan.table), name(hook.hook))));
    return {};
}

} // namespace

Result<HookPlaces> hook_places(Socket& socket, Family family, TableId table) {
    HookPlaces places{.ours = {family, {}}, .named = {{family, name(table).data()}, {}}};
    for (HookPlaces::Known* known : {&places.ours, &places.named}) {
        auto found = chains(socket, known->place);
        if (!found) return std::unexpected(found.error());
        known->chains = std::move(*found);
    }
    return places;
}

std::vector<std::string> hook_chains_of(TableId table, const std::vector<std::string>& present) {
    std::vector<std::string> found;
    for (const Hook hook : hooks_of(table))
        if (contains(present, base_chain(table, hook))) found.push_back(base_chain(table, hook));
    for (std::string& chain : side_chains_of(table, present))
        found.push_back(std::move(chain));
    return found;
}

bool moves(const TablePlan& plan, const HookPlaces& places) {
    const Wanted wanted(plan, places);
    return std::ranges::any_of(plan.hooks, [&](const HookPlan& hook) { return wanted.moves(hook); });
}

void add_empty_base_chains(Batch& batch, const TablePlan& plan, const HookPlaces& places) {
    const Wanted wanted(plan, places);
    for (const Place& place : {places.ours.place, places.named.place})
        add_table(batch, place);
    for (const HookPlan& hook : plan.hooks)
        if (wanted.moves(hook))
            add_base_chain(batch, wanted.place(hook).place, base_chain(plan.table, hook.hook), plan.table, hook.hook);
}

void delete_empty_base_chains(Batch& batch, const TablePlan& plan, const HookPlaces& places) {
    const Wanted wanted(plan, places);
    if (places.named.chains.empty()) return delete_table(batch, places.named.place);
    for (const HookPlan& hook : plan.hooks)
        if (wanted.moves(hook)) delete_chain(batch, wanted.place(hook).place, base_chain(plan.table, hook.hook));
}

Result<void> swap_hooks(Batch& batch, Socket& socket, const TablePlan& plan, const HookPlaces& places,
                        std::uint32_t generation) {
    const Wanted wanted(plan, places);
    if (wanted.tied()) add_table(batch, places.named.place);
    for (const HookPlan& hook : plan.hooks)
        if (auto swapped = swap_hook(batch, socket, wanted.place(hook), plan, hook, generation); !swapped)
            return swapped;
    if (!wanted.tied())
        delete_named(batch, plan.table, places);
    else
        for (const HookPlan& hook : plan.hooks)
            if (const std::string chain = base_chain(plan.table, hook.hook); contains(wanted.other(hook).chains, chain))
                delete_chain(batch, wanted.other(hook).place, chain);
    // Now that nothing goes there any more.
    for (const HookPlaces::Known* known : {&places.ours, &places.named})
        if (known == &places.ours || wanted.tied())
            for (const std::string& chain : side_chains_of(plan.table, known->chains))
                delete_chain(batch, known->place, chain);
    return {};
}

void delete_named(Batch& batch, TableId table, const HookPlaces& places) {
    const HookPlaces::Known& named = places.named;
    const std::vector<std::string> own = hook_chains_of(table, named.chains);
    if (own.empty()) return;
    if (own.size() == named.chains.size()) return delete_table(batch, named.place);
    for (const std::string& chain : own)
        delete_chain(batch, named.place, chain);
}

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/anchor.hpp"

#include "kmod-shim/companions.hpp"
#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"
#include "kmod-shim/side_chains.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

namespace {

constexpr const char* kConntrackChain = "conntrack";
constexpr int kRemoveTries = 20;

bool contains(const std::vector<std::string>& chains, const std::string& chain) {
    return std::ranges::find(chains, chain) != chains.end();
}

// The chain is emptied of the rules it has now; what the batch has added to it before stays.
Result<void> delete_present_rules(Batch& batch, Socket& socket, Family family, const std::string& chain) {
    const auto old = rules(socket, family, chain);
    if (!old) return std::unexpected(old.error());
    for (const RuleFound& rule : *old)
        delete_rule(batch, family, chain, rule.handle);
    return {};
}

// Whether another iptables table of the family needs conntrack.
Result<bool> others_need_conntrack(Socket& socket, Family family, TableId table,
                                   const std::vector<std::string>& present) {
    for (const TableId other : kTables) {
        if (other == table || !contains(present, store_chain(other))) continue;
        const auto note = store_note_of(socket, family, other);
        if (!note) return std::unexpected(note.error());
        if (*note && (*note)->conntrack) return true;
    }
    return false;
}

void swap_conntrack(Batch& batch, Family family, const std::vector<std::string>& present, bool needed) {
    const bool there = contains(present, kConntrackChain);
    if (there && !needed) delete_chain(batch, family, kConntrackChain);
    if (there || !needed) return;
    add_chain(batch, family, kConntrackChain);
    add_rule(batch, family, kConntrackChain, put_ct_state_new, "switch connection tracking on",
             "nf_conntrack and nft_ct", comment("iptables-bpf rules need connection tracking"));
}

// Only the rule of a base chain is exchanged: a chain made anew would let packets through until its hook is registered.
Result<void> swap_hook(Batch& batch, Socket& socket, const TablePlan& plan, const HookPlan& hook,
                       const std::vector<std::string>& present, std::uint32_t generation) {
    const std::string chain = base_chain(plan.table, hook.hook);
    const auto target = add_side_chains(batch, plan.family, plan.table, hook, generation);
    if (!target) return std::unexpected(target.error());
    if (contains(present, chain)) {
        if (auto deleted = delete_present_rules(batch, socket, plan.family, chain); !deleted) return deleted;
    } else {
        add_base_chain(batch, plan.family, chain, plan.table, hook.hook);
    }
    add_rule(
        batch, plan.family, chain,
        [&](nlmsghdr* message) {
            put_program(message, hook.main);
            put_verdict(message, target->empty() ? NF_DROP : NFT_GOTO, *target);
        },
        "call a BPF program", "nft_compat and xt_bpf",
        comment(fmt::format("iptables {} {}", name(plan.table), name(hook.hook))));
    return {};
}

Result<void> swap_store(Batch& batch, Socket& socket, const TablePlan& plan, const std::vector<std::string>& present) {
    const std::string chain = store_chain(plan.table);
    if (contains(present, chain)) {
        if (auto deleted = delete_present_rules(batch, socket, plan.family, chain); !deleted) return deleted;
    } else {
        add_chain(batch, plan.family, chain);
    }
    add_rule(
        batch, plan.family, chain, [&](nlmsghdr* message) { put_program(message, plan.holder); },
        "keep the rules' store", "nft_compat and xt_bpf", store_note({plan.conntrack, plan.tag}));
    return {};
}

Result<void> send_plan(const TablePlan& plan, std::uint32_t expected_generation, Batch::Ending ending) {
    if (plan.tag.size() > kMaxTag) return fail(ErrorKind::Refused, "the store's tag is too long");
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    // What is listed now is what the batch works on: the generation is checked again by the kernel.
    const auto present = chains(*socket, plan.family);
    if (!present) return std::unexpected(present.error());
    const auto others = others_need_conntrack(*socket, plan.family, plan.table, *present);
    if (!others) return std::unexpected(others.error());

    Batch batch(expected_generation);
    add_table(batch, plan.family);
    swap_conntrack(batch, plan.family, *present, plan.conntrack || *others);
    for (const HookPlan& hook : plan.hooks) {
        auto swapped = swap_hook(batch, *socket, plan, hook, *present, expected_generation);
        if (!swapped) return swapped;
    }
    for (const std::string& chain : side_chains_of(plan.table, *present))
        delete_chain(batch, plan.family, chain);
    if (auto swapped = swap_companions(batch, *socket, plan); !swapped) return swapped;
    if (auto swapped = swap_store(batch, *socket, plan, *present); !swapped) return swapped;
    return batch.send(*socket, ending);
}

// Chains of the table: base, store and side chains, those that jump first.
std::vector<std::string> chains_of(TableId table, const std::vector<std::string>& present) {
    std::vector<std::string> found;
    for (const Hook hook : hooks_of(table))
        if (contains(present, base_chain(table, hook))) found.push_back(base_chain(table, hook));
    for (std::string& chain : side_chains_of(table, present))
        found.push_back(std::move(chain));
    if (contains(present, store_chain(table))) found.push_back(store_chain(table));
    return found;
}

Result<void> remove_once(Socket& socket, Family family, TableId table) {
    const auto id = generation(socket);
    if (!id) return std::unexpected(id.error());
    const auto present = chains(socket, family);
    if (!present) return std::unexpected(present.error());
    const std::vector<std::string> own = chains_of(table, *present);
    if (own.empty()) return {};

    Batch batch(*id);
    TablePlan nothing{.family = family, .table = table, .hooks = {}, .holder = -1, .tag = {}};
    for (const Hook hook : hooks_of(table))
        nothing.hooks.push_back({.hook = hook, .main = -1, .effects = {}, .hand_ins = {}});
    if (auto swapped = swap_companions(batch, socket, nothing); !swapped) return swapped;
    if (std::ranges::all_of(kTables,
                            [&](TableId other) { return other == table || chains_of(other, *present).empty(); })) {
        delete_table(batch, family);
        return batch.send(socket, Batch::Ending::Commit);
    }
    const auto others = others_need_conntrack(socket, family, table, *present);
    if (!others) return std::unexpected(others.error());
    for (const std::string& chain : own)
        delete_chain(batch, family, chain);
    swap_conntrack(batch, family, *present, *others);
    return batch.send(socket, Batch::Ending::Commit);
}

} // namespace

Result<std::optional<Anchored>> inspect(Family family, TableId table) {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    auto note = store_note_of(*socket, family, table);
    if (!note) return std::unexpected(note.error());
    if (!*note) return std::nullopt;
    Anchored found{.tag = std::move((*note)->tag), .conntrack = (*note)->conntrack, .hooks = {}};
    for (const Hook hook : hooks_of(table)) {
        const auto present = rules(*socket, family, base_chain(table, hook));
        if (!present) return std::unexpected(present.error());
        if (!present->empty()) found.hooks.push_back(hook);
    }
    return found;
}

Result<std::uint32_t> generation_id() {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    return generation(*socket);
}

Result<void> commit(const TablePlan& plan, std::uint32_t expected_generation) {
    return send_plan(plan, expected_generation, Batch::Ending::Commit);
}

Result<void> check(const TablePlan& plan, std::uint32_t expected_generation) {
    return send_plan(plan, expected_generation, Batch::Ending::Abort);
}

Result<void> remove(Family family, TableId table) {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    for (int attempt = 1;; ++attempt) {
        auto removed = remove_once(*socket, family, table);
        if (removed || removed.error().kind != ErrorKind::Overtaken || attempt == kRemoveTries) return removed;
    }
}

} // namespace xtbpf::anchor

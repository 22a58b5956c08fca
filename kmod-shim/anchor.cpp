// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/anchor.hpp"

#include "kmod-shim/expressions.hpp"
#include "kmod-shim/hook_chains.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/syscall.h>
#include <unistd.h>

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

Result<void> send_swap(Socket& socket, const TablePlan& plan, const HookPlaces& places, std::uint32_t generation,
                       Batch::Ending ending) {
    const std::vector<std::string>& present = places.ours.chains;
    const auto others = others_need_conntrack(socket, plan.family, plan.table, present);
    if (!others) return std::unexpected(others.error());
    Batch batch(generation);
    add_table(batch, plan.family);
    swap_conntrack(batch, plan.family, present, plan.conntrack || *others);
    if (auto swapped = swap_hooks(batch, socket, plan, places, generation); !swapped) return swapped;
    if (auto swapped = swap_store(batch, socket, plan, present); !swapped) return swapped;
    return batch.send(socket, ending);
}

// Until every packet is through that was in a hook just now: membarrier(2) waits for a grace period of RCU.
void wait_for_packets() { ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }

// The nf_tables generation of a transaction that follows ours directly (nft_base_seq_inc of net/netfilter/nf_tables_api.c).
std::uint32_t next(std::uint32_t generation) { return generation + 1 == 0 ? 1 : generation + 1; }

Result<void> send_move(Socket& socket, const TablePlan& plan, const HookPlaces& places, std::uint32_t generation) {
    Batch first(generation);
    add_empty_base_chains(first, plan, places);
    if (auto sent = first.send(socket, Batch::Ending::Commit); !sent) return sent;
    wait_for_packets();
    const auto now = hook_places(socket, plan.family, plan.table);
    if (!now) return std::unexpected(now.error());
    auto swapped = send_swap(socket, plan, *now, next(generation), Batch::Ending::Commit);
    if (swapped) return swapped;
    Batch back(next(
        generation)); // if somebody was quicker, they stay: empty, they do no harm, and the next commit takes them up
    delete_empty_base_chains(back, plan, places);
    static_cast<void>(back.send(socket, Batch::Ending::Commit));
    return swapped;
}

Result<void> send_plan(Socket& socket, const TablePlan& plan, std::uint32_t expected_generation, Batch::Ending ending) {
    if (plan.tag.size() > kMaxTag) return fail(ErrorKind::Refused, "the store's tag is too long");
    // What is listed now is what the batch works on: the generation is checked again by the kernel.
    const auto places = hook_places(socket, plan.family, plan.table);
    if (!places) return std::unexpected(places.error());
    if (ending == Batch::Ending::Commit && moves(plan, *places))
        return send_move(socket, plan, *places, expected_generation);
    return send_swap(socket, plan, *places, expected_generation, ending);
}

// All chains of the iptables table in the anchor's own nf_tables table, those that jump first.
std::vector<std::string> chains_of(TableId table, const std::vector<std::string>& present) {
    std::vector<std::string> found = hook_chains_of(table, present);
    if (contains(present, store_chain(table))) found.push_back(store_chain(table));
    return found;
}

Result<void> remove_once(Socket& socket, Family family, TableId table) {
    const auto id = generation(socket);
    if (!id) return std::unexpected(id.error());
    const auto places = hook_places(socket, family, table);
    if (!places) return std::unexpected(places.error());
    const std::vector<std::string>& present = places->ours.chains;
    const std::vector<std::string> own = chains_of(table, present);
    Batch batch(*id);
    delete_named(batch, table, *places);
    if (own.empty()) return batch.empty() ? Result<void>{} : batch.send(socket, Batch::Ending::Commit);
    if (std::ranges::all_of(kTables,
                            [&](TableId other) { return other == table || chains_of(other, present).empty(); })) {
        delete_table(batch, family);
        return batch.send(socket, Batch::Ending::Commit);
    }
    const auto others = others_need_conntrack(socket, family, table, present);
    if (!others) return std::unexpected(others.error());
    for (const std::string& chain : own)
        delete_chain(batch, family, chain);
    const auto all = counters(socket, family);
    if (!all) return std::unexpected(all.error());
    for (const Hook hook : hooks_of(table))
        if (all->contains(base_chain(table, hook))) delete_counter(batch, family, base_chain(table, hook));
    swap_conntrack(batch, family, present, *others);
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
        bool there = false;
        for (const Place& place : {Place(family), Place(family, name(table).data())}) {
            const auto present = rules(*socket, place, base_chain(table, hook));
            if (!present) return std::unexpected(present.error());
            there |= !present->empty();
            if (!present->empty() && present->front().userdata == programless_comment(table, hook))
                found.programless |= hook_bit(hook);
        }
        if (there) found.hooks.push_back(hook);
    }
    return found;
}

Result<bool> orphaned(Family family, TableId table) {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    const auto note = store_note_of(*socket, family, table);
    if (!note) return std::unexpected(note.error());
    const auto places = hook_places(*socket, family, table);
    if (!places) return std::unexpected(places.error());
    return !*note && !hook_chains_of(table, places->named.chains).empty();
}

Result<std::uint32_t> generation_id() {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    return generation(*socket);
}

Result<HookCounters> counted(Family family, TableId table) {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    const auto all = counters(*socket, family);
    if (!all) return std::unexpected(all.error());
    HookCounters found{};
    for (const Hook hook : hooks_of(table))
        if (const auto counter = all->find(base_chain(table, hook)); counter != all->end())
            found.at(static_cast<std::size_t>(hook)) = counter->second;
    return found;
}

Result<void> commit(Socket& socket, const TablePlan& plan, std::uint32_t expected_generation) {
    return send_plan(socket, plan, expected_generation, Batch::Ending::Commit);
}

Result<void> check(Socket& socket, const TablePlan& plan, std::uint32_t expected_generation) {
    return send_plan(socket, plan, expected_generation, Batch::Ending::Abort);
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

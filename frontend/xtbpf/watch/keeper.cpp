// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/keeper.hpp"

#include "datapath/backend.hpp"
#include "datapath/store.hpp"
#include "frontend/lock.hpp"
#include "frontend/lower.hpp"
#include "frontend/xtbpf/subcommand.hpp"
#include "frontend/xtbpf/words.hpp"
#include "kmod-shim/anchor.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

constexpr std::string_view kOwn = "xtbpf";
constexpr unsigned kMostWaits = 50;

Result<void> commit_again(const std::vector<std::uint8_t>& tag) {
    auto store = read_held(tag);
    if (!store) return std::unexpected(store.error());
    if (!*store) return fail(ErrorKind::Refused, "the rules' store in the kernel is gone");
    auto program = lower_table((*store)->table);
    if (!program) return std::unexpected(program.error());
    return xtbpf::put_back(std::move(**store), std::move(*program), lower_table);
}

} // namespace

// What is gone can be seen before it is told of, and by whom. Messages can get lost: then nobody is known to have removed the rules.
bool Keeper::told_of_all(std::uint32_t generation) {
    const auto now = anchor::generation_id();
    if ((now && *now != generation) && ++waited_ < kMostWaits) return false;
    waited_ = 0;
    return true;
}

// What is in force is held from now on, in the place of what was before.
Result<Keeper::Finding> Keeper::find(const Key& key) {
    const auto anchored = anchor::inspect(key.first, key.second);
    if (!anchored) return std::unexpected(anchored.error());
    const auto held = held_.find(key);
    if (*anchored && (held == held_.end() || held->second.tag != (*anchored)->tag)) {
        Fd holder = hold_store((*anchored)->tag);
        if (holder) held_[key] = {(*anchored)->tag, std::move(holder)};
        return Finding::Well;
    }
    if (held == held_.end()) return Finding::Untouched;
    return *anchored && (*anchored)->hooks.size() == hooks_of(key.second).size() ? Finding::Well : Finding::Missing;
}

bool Keeper::look(std::span<const anchor::Removal> removals, std::uint32_t generation) {
    for (const anchor::Removal& removal : removals)
        if (removal.by == kOwn)
            std::erase_if(held_, [&](const auto& each) {
                return each.first.first == removal.family && (!removal.table || each.first.second == *removal.table);
            });
    std::vector<Key> missing;
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables)
            if (const auto found = find({family, table}); found && *found == Finding::Missing)
                missing.emplace_back(family, table);
    if (missing.empty()) return true;
    if (!told_of_all(generation)) return false;
    // A command may be at it: what is missing under its lock is missing.
    const auto lock = XtablesLock::take(0);
    if (!lock) return false;
    return std::ranges::count_if(missing, [&](const Key& key) { return !put_back(key); }) == 0;
}

bool Keeper::put_back(const Key& key) {
    const auto found = find(key);
    if (!found) return false;
    if (*found != Finding::Missing) return true;
    const auto done = commit_again(held_.at(key).tag);
    if (!done && done.error().kind == ErrorKind::Overtaken) return false;
    if (!done) {
        complain(done.error());
        return true; // the next change may help, time doesn't
    }
    fmt::print("put back {} -t {}\n", command_word(key.first), name(key.second));
    std::fflush(stdout);
    (void)find(key); // hold the new store
    return true;
}

} // namespace xtbpf::tool

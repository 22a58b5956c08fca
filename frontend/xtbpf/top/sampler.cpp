// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/sampler.hpp"

#include "kmod-shim/anchor.hpp"

#include <fmt/format.h>
#include <utility>

namespace xtbpf::tool {

Result<void> Sampler::refresh(Family family, TableId table) {
    const auto anchored = anchor::inspect(family, table);
    if (!anchored) return std::unexpected(anchored.error());
    const auto held = stores_.find({family, table});
    if (!*anchored) {
        if (held != stores_.end()) stores_.erase(held);
        return {};
    }
    if (held != stores_.end() && held->second.tag == (*anchored)->tag) return {};
    auto store = read_store(family, table);
    if (!store) return std::unexpected(store.error());
    stores_.erase({family, table});
    if (*store) stores_.emplace(std::pair{family, table}, std::move(**store));
    return {};
}

Result<std::vector<Sample>> Sampler::sample() {
    std::vector<Sample> out;
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables) {
            if (auto done = refresh(family, table); !done) return std::unexpected(done.error());
            const auto held = stores_.find({family, table});
            if (held == stores_.end()) continue;
            const CurrentStore& store = held->second;
            const auto raw = store.counters.read(0, static_cast<std::uint32_t>(store.raw.size()));
            if (!raw) return std::unexpected(raw.error());
            const auto counted = anchor::counted(family, table);
            if (!counted) return std::unexpected(counted.error());
            add(store, *raw, *counted, out);
        }
    return out;
}

// Shown = what the store says, plus what has been counted since it was read.
void Sampler::add(const CurrentStore& store, const std::vector<Counters>& raw, const HookCounters& counted,
                  std::vector<Sample>& out) const {
    const std::string_view prefix = store.table.family == Family::V4 ? "" : "ip6 ";
    const auto sample = [&](const Account& account, const Counters& since, std::string place, std::string text) {
        out.push_back({fmt::format("{}{}#{}", prefix, name(store.table.id), account.slot), std::move(place),
                       std::move(text), account.counters + raw[account.slot] - store.raw[account.slot] + since});
    };
    for (const StoredChain& chain : store.table.chains) {
        const std::string where = fmt::format("{}{}:{}", prefix, name(store.table.id), chain.name);
        for (std::size_t at = 0; at < chain.rules.size(); ++at)
            sample(chain.rules[at].account, {}, fmt::format("{}:rule:{}", where, at + 1), chain.rules[at].text);
        if (!chain.accept) continue;
        const auto hook = static_cast<std::size_t>(*hook_by_chain_name(chain.name));
        sample(chain.account, counted_since(store.counted.at(hook), counted.at(hook)), where + ":policy",
               *chain.accept ? "ACCEPT" : "DROP");
    }
}

} // namespace xtbpf::tool

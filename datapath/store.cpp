// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/store.hpp"

#include "datapath/accounts.hpp"
#include "datapath/fitted_objects.hpp"
#include "datapath/live_table.hpp"
#include "datapath/mapping.hpp"
#include "datapath/store_maps.hpp"
#include "kmod-shim/anchor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <sys/random.h>

namespace xtbpf {

namespace {

constexpr int kReadTries = 10;

std::uint64_t nanoseconds_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint32_t slots_of(const StoredTable& table) {
    std::uint32_t slots = 0;
    for_accounts(table, [&](const Account& account) { slots = std::max(slots, account.slot + 1); });
    return slots;
}

// The store behind a tag. nullopt: the holder is gone, or its id is somebody else's by now.
Result<std::optional<CurrentStore>> read_behind(const StoreTag& tag) {
    auto maps = open_store_maps(tag.holder);
    if (!maps) return std::unexpected(maps.error());
    if (!*maps) return std::nullopt;
    const auto bytes = Mapping::readable((*maps)->store.get());
    if (!bytes) return std::unexpected(bytes.error());
    auto image = parse_store(bytes->bytes());
    if (!image) return std::unexpected(image.error());
    if (image->nonce != tag.nonce) return std::nullopt;
    const auto edition = apply_edits(image->table, (*maps)->image);
    if (!edition) return std::unexpected(edition.error());

    adopt_fitted(std::move((*maps)->fitted));
    auto counters = CounterPages::adopt(std::move((*maps)->counters));
    if (!counters) return std::unexpected(counters.error());
    auto limits = LimitPages::adopt(std::move((*maps)->limits));
    if (!limits) return std::unexpected(limits.error());
    auto raw = counters->read(0, slots_of(image->table));
    if (!raw) return std::unexpected(raw.error());
    for_accounts(image->table, [&](Account& account) { account.counters += (*raw)[account.slot]; });
    CurrentStore current;
    current.table = std::move(image->table);
    current.made = image->made;
    current.counters = std::move(*counters);
    current.limits = std::move(*limits);
    current.raw = std::move(*raw);
    current.holder = std::move((*maps)->holder);
    current.map = std::move((*maps)->store);
    current.image = std::move((*maps)->image);
    current.edition = *edition;
    return current;
}

// Adds what nf_tables has counted since the store was made.
Result<void> add_counted(CurrentStore& current, const HookCounters& before) {
    const auto now = anchor::counted(current.table.family, current.table.id);
    if (!now) return std::unexpected(now.error());
    current.counted = *now;
    for (StoredChain& chain : current.table.chains)
        if (chain.accept) {
            const auto hook = static_cast<std::size_t>(*hook_by_chain_name(chain.name));
            chain.account.counters += counted_since(before.at(hook), now->at(hook));
        }
    return {};
}

// The same maps behind descriptors of its own.
template <typename Pages> Result<Pages> copy_of(const Pages& pages) {
    std::vector<Fd> copies;
    for (const int fd : pages.fds()) {
        auto copy = duplicate(fd);
        if (!copy) return std::unexpected(copy.error());
        copies.push_back(std::move(*copy));
    }
    return Pages::adopt(std::move(copies));
}

// By slot, what is to be added to the raw counters from now on.
std::vector<Counters> bases_of(const StoredTable& next, const CurrentStore* current, const std::vector<Counters>& raw) {
    std::vector<Counters> bases(raw.size());
    if (current != nullptr)
        for_accounts(current->table, [&](const Account& account) {
            if (account.slot < bases.size()) bases[account.slot] = account.counters - current->raw[account.slot];
        });
    for_accounts(next, [&](const Account& account) {
        if (account.set) bases[account.slot] = account.counters - raw[account.slot];
    });
    return bases;
}

// What the pages held when the current table was read, for `slots` slots. Slots beyond its own were free then, and hold
// what rules of long ago have counted; new pages hold nothing.
Result<std::vector<Counters>> raw_at_reading(const CurrentStore* current, std::uint32_t slots) {
    if (current == nullptr) return std::vector<Counters>(slots);
    std::vector<Counters> raw = current->raw;
    const auto known = static_cast<std::uint32_t>(raw.size());
    const auto old = current->counters.read(known, std::max(known, std::min(slots, current->counters.room())));
    if (!old) return std::unexpected(old.error());
    raw.insert(raw.end(), old->begin(), old->end());
    raw.resize(slots);
    return raw;
}

} // namespace

Result<std::optional<CurrentStore>> read_store(Family family, TableId table) {
    for (int attempt = 0; attempt < kReadTries; ++attempt) {
        const auto anchored = anchor::inspect(family, table);
        if (!anchored) return std::unexpected(anchored.error());
        if (!*anchored) return std::nullopt;
        const auto tag = parse_tag((*anchored)->tag);
        if (!tag) return std::unexpected(tag.error());
        auto current = read_behind(*tag);
        if (!current) return std::unexpected(current.error());
        if (!*current) continue; // swapped between the two looks: look again
        if ((*current)->table.family != family || (*current)->table.id != table)
            return fail(ErrorKind::Refused, "the rules' store in the kernel is of another table");
        if (auto added = add_counted(**current, tag->counted); !added) return std::unexpected(added.error());
        (*current)->programless = (*anchored)->programless;
        (*current)->tag = (*anchored)->tag;
        (*current)->conntrack = (*anchored)->conntrack;
        (*current)->whole = (*anchored)->hooks.size() == hooks_of(table).size();
        return current;
    }
    return fail(ErrorKind::Refused, "the rules' store in the kernel is gone");
}

Result<std::optional<CurrentStore>> read_held(const std::vector<std::uint8_t>& bytes) {
    const auto tag = parse_tag(bytes);
    if (!tag) return std::unexpected(tag.error());
    auto current = read_behind(*tag);
    if (!current || !*current) return current;
    if (auto added = add_counted(**current, tag->counted); !added) return std::unexpected(added.error());
    (*current)->tag = bytes;
    (*current)->whole = false;
    return current;
}

Fd hold_store(const std::vector<std::uint8_t>& bytes) {
    const auto tag = parse_tag(bytes);
    if (!tag) return Fd{};
    auto maps = open_store_maps(tag->holder);
    return maps && *maps ? std::move((*maps)->holder) : Fd{};
}

void find_fitted(Family family, TableId table) {
    const auto anchored = anchor::inspect(family, table);
    if (!anchored || !*anchored) return;
    const auto tag = parse_tag((*anchored)->tag);
    if (!tag) return;
    auto maps = open_store_maps(tag->holder);
    if (!maps || !*maps) return;
    adopt_fitted(std::move((*maps)->fitted));
}

Result<NewStore> build_store(StoredTable& next, ir::Table& program, const CurrentStore* current) {
    const auto assigned = assign_accounts(next, program, current == nullptr ? nullptr : &current->table);
    if (!assigned) return std::unexpected(assigned.error());

    const auto counted = current != nullptr ? current->counted : anchor::counted(next.family, next.id);
    if (!counted) return std::unexpected(counted.error());
    NewStore built;
    built.counted = *counted;
    if (current != nullptr) {
        auto counters = copy_of(current->counters);
        if (!counters) return std::unexpected(counters.error());
        auto limits = copy_of(current->limits);
        if (!limits) return std::unexpected(limits.error());
        built.counters = std::move(*counters);
        built.limits = std::move(*limits);
    }
    if (auto grown = built.counters.ensure(assigned->slots); !grown) return std::unexpected(grown.error());
    if (auto grown = built.limits.ensure(assigned->states); !grown) return std::unexpected(grown.error());
    if (auto cleared = built.limits.clear(assigned->new_states); !cleared) return std::unexpected(cleared.error());
    const auto raw = raw_at_reading(current, assigned->slots);
    if (!raw) return std::unexpected(raw.error());

    if (::getrandom(built.nonce.data(), built.nonce.size(), 0) != static_cast<ssize_t>(built.nonce.size()))
        return fail(ErrorKind::Refused, fmt::format("getrandom: {}", std::strerror(errno)));
    const std::uint64_t made = current == nullptr ? nanoseconds_since_boot() : current->made;
    auto map = make_bytes_map("xt_store", serialize_store(next, bases_of(next, current, *raw), built.nonce, made));
    if (!map) return std::unexpected(map.error());
    built.map = std::move(*map);
    return built;
}

Result<void> hold(NewStore& store, int image) {
    auto holder = make_holder(store.map, store.counters.fds(), store.limits.fds(), image);
    if (!holder) return std::unexpected(holder.error());
    store.holder = std::move(holder->program);
    store.tag = serialize_tag({.holder = holder->id, .nonce = store.nonce, .counted = store.counted});
    return {};
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// A table as it is stored: canonical text with counters. This is the truth that lives in the kernel; everything else (IR,
// programs) is derived from it. Shared by the frontend, which edits it, and the datapath, which stores it.
#pragma once

#include "translator/ir.hpp"
#include "translator/tables.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xtbpf {

struct Counters {
    std::uint64_t packets = 0, bytes = 0;
    bool operator==(const Counters&) const = default;
    Counters& operator+=(const Counters& other) {
        packets += other.packets;
        bytes += other.bytes;
        return *this;
    }
    Counters& operator-=(const Counters& other) {
        packets -= other.packets;
        bytes -= other.bytes;
        return *this;
    }
    friend Counters operator+(Counters a, const Counters& b) { return a += b; }
    friend Counters operator-(Counters a, const Counters& b) { return a -= b; }
};

// What a counter of somebody else's has counted since it showed `before`; it shows less if it was reset or made anew meanwhile.
inline Counters counted_since(const Counters& before, const Counters& now) {
    return now.packets < before.packets ? now : now - before;
}

using HookCounters = std::array<Counters, kHooks>; // by Hook

inline constexpr ir::Slot kNoSlot = ~0U; // not stored yet: the backend gives a slot at commit

// Counters and per-match state of one rule or policy. An edit elsewhere moves neither; whoever edits copies the whole Account.
// The backend gives slots and states at commit and returns them with read(). `counters`: as read from the kernel; or, if `set`, to be written at commit
// (new rules, -Z, -P, -R, restore -c).
struct Account {
    ir::Slot slot = kNoSlot;
    std::uint32_t state = kNoSlot; // first of the rule's states (LimitTest, CountTest); kNoSlot if it has none
    Counters counters{};
    bool set = false;
    std::uint32_t states = 0; // how many states, from `state` on, belong to the rule; the backend fills it in
};

struct StoredRule {
    std::string
        text; // canonical, as save prints it after "-A CHAIN ": "-s 10.0.0.0/8 -j DROP"; never empty of meaning: may be ""
    Account account;
};

struct StoredChain {
    std::string name;
    std::optional<bool> accept; // the policy, of a built-in chain; nullopt: user-defined
    Account account;            // the policy's counters, of a built-in chain
    std::vector<StoredRule> rules;
};

// Chains in the order of a save: built-in chains in hook order, then user chains in byte order.
struct StoredTable {
    Family family = Family::V4;
    TableId id = TableId::Filter;
    std::vector<StoredChain> chains;
};

} // namespace xtbpf

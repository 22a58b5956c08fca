// SPDX-License-Identifier: GPL-2.0-or-later
// Where a counter slot or a limit state lives. A map can't grow, so they are spread over "pages", maps that double in
// size: page p holds first << p entries. A page is never replaced: growing adds pages, and what is counted stays where
// it is.
#pragma once

#include <bit>
#include <cstdint>

namespace xtbpf {

inline constexpr std::uint32_t kFirstCounterPage = 1024; // counters of page 0: per-CPU array of rows of xtbpf::Counters
inline constexpr std::uint32_t kCounterRow = 64; // counters in a row: the kernel allocates per-CPU memory row by row
inline constexpr std::uint32_t kFirstLimitPage = 64; // entries of page 0: array of xt_limit_state, see below

struct PageIndex {
    std::uint32_t page, index;
    bool operator==(const PageIndex&) const = default;
};

// `first` is a power of two.
constexpr PageIndex locate(std::uint32_t number, std::uint32_t first) {
    const std::uint32_t page = static_cast<std::uint32_t>(std::bit_width(std::uint64_t{number} / first + 1)) - 1;
    return {page, static_cast<std::uint32_t>(number - ((std::uint64_t{first} << page) - first))};
}

constexpr std::uint32_t pages_for(std::uint32_t entries, std::uint32_t first) {
    return entries == 0 ? 0 : locate(entries - 1, first).page + 1;
}

constexpr PageIndex counter_place(std::uint32_t slot) { return locate(slot, kFirstCounterPage); }
constexpr PageIndex limit_place(std::uint32_t state) { return locate(state, kFirstLimitPage); }

// The value of a limit page: the token bucket of net/netfilter/xt_limit.c. All zero: a rule that has not been reached
// yet.
struct LimitState {
    std::uint64_t prev; // jiffies or any clock of the program; 0: not started
    std::uint32_t credit;
    std::uint32_t unused;
};

} // namespace xtbpf

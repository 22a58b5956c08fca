// SPDX-License-Identifier: GPL-2.0-or-later
// The maps that BPF programs count in. Only programs write counters: user space, which could lose counts by writing,
// keeps a base per rule in the store instead (shown = base + raw, wrapping), and "setting" a counter moves the base.
// Pages (translator/pages.hpp) are shared by all generations of programs of a table, so no edit loses a count.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"
#include "translator/pages.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace xtbpf {

// Page p: BPF_MAP_TYPE_PERCPU_ARRAY "xt_counters", u32 -> kCounterRow Counters, kFirstCounterPage << p of them in all.
class CounterPages {
  public:
    CounterPages() = default; // no pages yet

    // Takes over maps that are already there, in page order; Refused if they aren't what this class makes.
    static Result<CounterPages> adopt(std::vector<Fd> pages);

    // Makes room for slots 0 .. slots - 1 by adding pages.
    Result<void> ensure(std::uint32_t slots);

    // One map per page, in page order; valid as long as this object.
    std::vector<int> fds() const;

    // What programs have counted, summed over CPUs, of slots first .. end - 1 (there must be room for them).
    Result<std::vector<Counters>> read(std::uint32_t first, std::uint32_t end) const;

    // Slots there is room for.
    std::uint32_t room() const;

  private:
    std::vector<Fd> pages_;
};

// Page p: BPF_MAP_TYPE_ARRAY "xt_limits", u32 -> LimitState, kFirstLimitPage << p entries. Programs own a state from
// when its rule is in force; before that, clear() makes it new.
class LimitPages {
  public:
    LimitPages() = default;
    static Result<LimitPages> adopt(std::vector<Fd> pages);
    Result<void> ensure(std::uint32_t states);
    std::vector<int> fds() const;
    Result<void> clear(std::span<const std::uint32_t> states);

  private:
    std::vector<Fd> pages_;
};

} // namespace xtbpf

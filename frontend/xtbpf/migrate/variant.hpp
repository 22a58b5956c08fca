// SPDX-License-Identifier: GPL-2.0-or-later
// The implementations of iptables that rules move between, through their own save and restore.
#pragma once

#include "frontend/xtbpf/migrate/saved_rules.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <array>
#include <string>
#include <vector>

namespace xtbpf::tool {

inline constexpr std::array kFamilies{Family::V4, Family::V6};

enum class Variant : std::uint8_t { Legacy, Nft, Bpf };
std::string_view name(Variant variant);

using Saved = std::array<std::vector<SavedTable>, kFamilies.size()>; // by family

// What is in force, with counters. A variant that isn't installed holds nothing.
Result<Saved> save(Variant variant);

// Gives `text` to the variant's restore, with counters. Each table is swapped in one step.
enum class How : std::uint8_t { Replace, Change, Test }; // Change: --noflush
Result<void> restore(Variant variant, Family family, const std::string& text, How how = How::Replace);

// Takes away what `saved` tells of: policies ACCEPT, no rules, no user chains; of ours, nothing at all is left.
Result<void> take_away(Variant variant, const Saved& saved);

bool idle(const Saved& saved);
std::string without_counters(const Saved& saved);

} // namespace xtbpf::tool

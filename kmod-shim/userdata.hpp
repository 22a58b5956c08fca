// SPDX-License-Identifier: GPL-2.0-or-later
// Userdata of the anchor's rules: nft's list of (type, length, value), so that `nft list ruleset` shows our comments
// and steps over what is ours alone. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace xtbpf::anchor {

// What a table's T-store rule carries.
struct StoreNote {
    bool conntrack = false; // the table needs the conntrack chain
    std::vector<std::uint8_t> tag;
};

std::vector<std::uint8_t> comment(std::string_view text);
std::vector<std::uint8_t> store_note(const StoreNote& note);
std::optional<StoreNote> parse_store_note(std::span<const std::uint8_t> userdata);

} // namespace xtbpf::anchor

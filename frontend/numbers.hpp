// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as libxtables reads them (libxtables/xtables.c, xtables_strtoul): decimal, 0x or 0 octal, blanks before it allowed, a
// minus not; in range.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace xtbpf {

// Cuts the number off `text`.
std::optional<std::uint64_t> leading_number(std::string_view& text, std::uint64_t low, std::uint64_t high);

// Wants nothing behind it.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low, std::uint64_t high);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as libxtables reads them (libxtables/xtables.c, xtables_strtoul): strtoull with base 0, the whole text, in
// range.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace xtbpf {

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low, std::uint64_t high);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of names that stand for bits: `--ctstate NEW,ESTABLISHED`, `--src-type LOCAL,UNICAST`.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf {

struct NamedBits {
    std::string_view name;
    std::uint32_t bits;
};

// Names in any case, each may be cut short: the first that begins so counts. Error: the text from the first bad name on.
std::expected<std::uint32_t, std::string_view> parse_name_list(std::string_view text, std::span<const NamedBits> names);

// The names of all bits that are set, in the table's order, with commas between.
void append_name_list(std::string& out, std::uint32_t bits, std::span<const NamedBits> names);

// strncasecmp over the whole of `text`: does `name` begin with it?
bool begins_with(std::string_view name, std::string_view text);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// The field's words for parts of the IR, as reports show them.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xtbpf::tool {

// The target an effect comes from, as iptables names it: "REJECT", "DNAT".
std::string target_word(const ir::Effect& effect);

// What a predicate asks, in one word: "conntrack", "mark", "limit", a kernel match's name.
std::string subject_word(const ir::Predicate& predicate);

std::string_view command_word(Family family); // "iptables", "ip6tables"

// "1 rule", "2 rules"
std::string counted(std::size_t count, std::string_view noun);

// "4.2 MiB"
std::string size_words(std::uint64_t bytes);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The text of -L and -S, and the line that -v prints for a rule that is added.
#pragma once

#include "frontend/rule.hpp"
#include "frontend/work_table.hpp"

#include <string>
#include <string_view>

namespace xtbpf {

struct ListFormat {
    bool numeric = false, counters = false, exact = false, line_numbers = false;
    bool table = true; // columns; else the line of `-v -A`
};

// One rule; `number` from 1.
void list_rule(std::string& out, const Rule& rule, const Counters& counters, std::uint32_t number,
               const ListFormat& format);

// -L: every chain, or `only`; `number` != 0: that rule alone, without headers. False: no such chain.
Result<bool> list_chains(std::string& out, WorkTable& table, const std::string* only, std::uint32_t number,
                         const ListFormat& format);

// -S
bool list_rules(std::string& out, WorkTable& table, const std::string* only, std::uint32_t number, bool counters);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// How `xtbpf top` looks.
#pragma once

#include "frontend/xtbpf/top/rates.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::tool {

std::string figure(double value); // at most five characters: "999", "12.3k", "4.5M"

// One character a value, each an eighth higher than the one below; the highest value fills its line.
std::string sparkline(const std::deque<double>& values);

// A head and a line per rate, at most `lines` lines of at most `columns` characters; 0: as many as there are.
std::string table(const std::vector<Rate>& rates, std::size_t lines, std::size_t columns);

// Each line cut to `columns` characters; 0: as it is.
std::string fitted(std::string_view lines, std::size_t columns);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/exclusive.hpp"

#include "frontend/extensions/guided.hpp"

#include <algorithm>

namespace xtbpf::guided {

Result<void> exclusive(std::string_view extension, std::span<const OptionDef> options, std::uint32_t used,
                       std::span<const std::size_t> numbers) {
    const auto is_used = [&](std::size_t option) { return (used >> option & 1U) != 0; };
    for (std::size_t one = 0; one < options.size(); ++one) {
        if (!is_used(one) || std::ranges::find(numbers, one) == numbers.end()) continue;
        for (const std::size_t other : numbers)
            if (other != one && is_used(other)) return excluded(extension, options[one].name, options[other].name);
    }
    return {};
}

} // namespace xtbpf::guided

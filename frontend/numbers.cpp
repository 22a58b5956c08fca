// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/numbers.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

namespace xtbpf {

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low, std::uint64_t high) {
    std::uint64_t value = 0;
    const bool plain = !text.empty() && text.size() <= 18 && (text.size() == 1 || text[0] != '0') &&
                       text.find_first_not_of("0123456789") == std::string_view::npos;
    if (plain) {
        for (char digit : text)
            value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    } else {
        const std::string copy(text);
        char* end = nullptr;
        errno = 0;
        value = std::strtoull(copy.c_str(), &end, 0);
        if (end == copy.c_str() || end != copy.c_str() + copy.size() || errno == ERANGE) return std::nullopt;
    }
    if (value < low || value > high) return std::nullopt;
    return value;
}

} // namespace xtbpf

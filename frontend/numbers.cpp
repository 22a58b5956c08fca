// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/numbers.hpp"

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <string>

namespace xtbpf {

std::optional<std::uint64_t> leading_number(std::string_view& text, std::uint64_t low, std::uint64_t high) {
    const std::string copy(text); // strtoumax wants a final zero
    const char* begin = copy.c_str();
    while (std::isspace(static_cast<unsigned char>(*begin)))
        ++begin;
    if (*begin == '-') return std::nullopt;
    char* end = nullptr;
    errno = 0;
    const std::uint64_t number = std::strtoumax(begin, &end, 0);
    if (end == begin || errno == ERANGE || number < low || number > high) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - copy.c_str()));
    return number;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low, std::uint64_t high) {
    const bool plain = !text.empty() && text.size() <= 18 && (text.size() == 1 || text[0] != '0') &&
                       text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!plain) { // rare
        const auto number = leading_number(text, low, high);
        return text.empty() ? number : std::nullopt;
    }
    std::uint64_t value = 0;
    for (char digit : text)
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    if (value < low || value > high) return std::nullopt;
    return value;
}

} // namespace xtbpf

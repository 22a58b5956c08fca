// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

constexpr std::array<std::string_view, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

// Control characters of a comment would move the cursor; bytes of an unfinished character count as one each.
std::string fitting(std::string_view text, std::size_t columns) {
    std::string out;
    std::size_t used = 0;
    for (const char c : text) {
        const bool follows = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
        if (!follows && columns != 0 && used++ == columns) break;
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return out;
}

} // namespace

std::string fitted(std::string_view lines, std::size_t columns) {
    std::string out;
    while (true) {
        const auto end = std::min(lines.find('\n'), lines.size());
        out += fitting(lines.substr(0, end), columns);
        if (end == lines.size()) return out;
        out += '\n';
        lines.remove_prefix(end + 1);
    }
}

std::string figure(double value) {
    if (value < 9.95 && value != std::floor(value)) return fmt::format("{:.1f}", value);
    if (value < 99999.5) return fmt::format("{:.0f}", value);
    for (const char unit : {'k', 'M', 'G', 'T'}) {
        value /= 1000;
        if (value < 99.95) return fmt::format("{:.1f}{}", value, unit);
        if (value < 9999.5) return fmt::format("{:.0f}{}", value, unit);
    }
    return fmt::format("{:.0f}P", value / 1000);
}

std::string sparkline(const std::deque<double>& values) {
    const double most = values.empty() ? 0 : *std::ranges::max_element(values);
    std::string out;
    for (const double value : values) {
        const double part = most > 0 ? value / most * kBars.size() : 0;
        const auto bar = static_cast<std::size_t>(std::max(0.0, std::min(part, 8.0) - 0.001));
        out += value > 0 ? kBars.at(bar) : " ";
    }
    return out;
}

std::string table(const std::vector<Rate>& rates, std::size_t lines, std::size_t columns) {
    std::size_t width = 5, history = 0;
    const std::size_t shown = lines == 0 ? rates.size() : std::min(rates.size(), lines == 0 ? 0 : lines - 1);
    for (std::size_t at = 0; at < shown; ++at) {
        width = std::max(width, rates[at].place.size());
        history = std::max(history, rates[at].history.size());
    }
    std::string out = fitting(fmt::format("{:>9} {:>7} {:>7}  {:<{}}  {:<{}} RULE", "PACKETS/s", "BYTES/s", "TOTAL", "",
                                          history, "PLACE", width),
                              columns) +
                      '\n';
    for (std::size_t at = 0; at < shown; ++at) {
        const Rate& rate = rates[at];
        const std::string padding(history - rate.history.size(), ' ');
        out += fitting(fmt::format("{:>9} {:>7} {:>7}  {}{}  {:<{}} {}", figure(rate.packets), figure(rate.bytes),
                                   figure(static_cast<double>(rate.total.packets)), padding, sparkline(rate.history),
                                   rate.place, width, rate.text),
                       columns) +
               '\n';
    }
    return out;
}

} // namespace xtbpf::tool

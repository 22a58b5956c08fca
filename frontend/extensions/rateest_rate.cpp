// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/rateest_rate.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>
#include <strings.h>

namespace xtbpf {

namespace {

struct Suffix {
    std::string_view name;
    double scale; // bits
};
constexpr double kKi = 1024, kMi = kKi * kKi, kGi = kMi * kKi, kTi = kGi * kKi;
constexpr std::array kSuffixes{
    Suffix{"bit", 1},         Suffix{"Kibit", kKi}, Suffix{"kbit", 1e3},      Suffix{"mibit", kMi},
    Suffix{"mbit", 1e6},      Suffix{"gibit", kGi}, Suffix{"gbit", 1e9},      Suffix{"tibit", kTi},
    Suffix{"tbit", 1e12},     Suffix{"Bps", 8},     Suffix{"KiBps", 8 * kKi}, Suffix{"KBps", 8e3},
    Suffix{"MiBps", 8 * kMi}, Suffix{"MBps", 8e6},  Suffix{"GiBps", 8 * kGi}, Suffix{"GBps", 8e9},
    Suffix{"TiBps", 8 * kTi}, Suffix{"TBps", 8e12},
};

std::uint32_t to_bytes(double bits) {
    constexpr double kLargest = 1e18; // beyond it, the numbers of C's conversion have no meaning
    if (!(std::fabs(bits / 8) < kLargest)) return 0;
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(bits / 8));
}

} // namespace

// rateest_get_rate: bytes a second; a bare number is divided by 8 too. What 32 bits don't hold is cut off.
std::optional<std::uint32_t> parse_bit_rate(const std::string& text) {
    char* end = nullptr;
    const double rate = std::strtod(text.c_str(), &end);
    if (end == text.c_str()) return std::nullopt;
    if (*end == '\0') return to_bytes(rate);
    for (const Suffix& suffix : kSuffixes)
        if (suffix.name.size() == std::string_view(end).size() &&
            strncasecmp(suffix.name.data(), end, suffix.name.size()) == 0)
            return to_bytes(rate * suffix.scale);
    return std::nullopt;
}

// rateest_print_rate
std::string bit_rate(std::uint32_t rate) {
    const double bits = rate * 8.0;
    if (bits >= 1e9) return fmt::format("{:.0f}Mbit", bits / 1e6);
    if (bits >= 1e6) return fmt::format("{:.0f}Kbit", bits / 1e3);
    return fmt::format("{:.0f}bit", bits);
}

std::uint32_t printed_bit_rate(std::uint32_t rate) { return *parse_bit_rate(bit_rate(rate)); }

} // namespace xtbpf

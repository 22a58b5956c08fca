// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/hashlimit_rate.hpp"

#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/name_list.hpp"
#include "translator/limit.hpp"

#include <array>
#include <bit>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_hashlimit.h>

namespace xtbpf::hashlimit {

namespace {

constexpr std::uint64_t kScale = XT_HASHLIMIT_SCALE_v2; // a second
constexpr std::uint32_t kMax32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kKeepBytes = 15; // XT_HASHLIMIT_BYTE_EXPIRE, seconds

struct Unit {
    std::string_view name; // any beginning of it will do
    std::string_view shown;
    std::uint32_t seconds;
};
constexpr std::array kUnits{Unit{"day", "day", 86400}, Unit{"hour", "hour", 3600}, Unit{"minute", "min", 60},
                            Unit{"second", "sec", 1}};

struct Size {
    std::string_view shown;
    std::uint32_t bytes;
};
constexpr std::array kSizes{Size{"m", 1024 * 1024}, Size{"k", 1024}, Size{"", 1}};

std::uint64_t factor(char letter) { return letter == 'm' ? 1024 * 1024 : letter == 'k' ? 1024 : 1; }

std::uint64_t bytes_to_cost(std::uint64_t bytes) {
    const auto units = static_cast<std::uint32_t>(bytes >> XT_HASHLIMIT_BYTE_SHIFT);
    return units == kMax32 ? 0 : kMax32 / (units + 1);
}

// atoll, for what is then taken as unsigned
std::uint64_t leading(std::string_view text) {
    return static_cast<std::uint64_t>(std::atoll(std::string(text).c_str()));
}

Result<std::optional<Rate>> parse_byte_rate(std::string_view text, std::size_t mark, bool stored) {
    const std::uint64_t count = leading(text);
    if (count == 0 && !stored) return std::nullopt;
    const std::uint64_t cost = bytes_to_cost(count * factor(text[mark - 1]));
    if (cost == 0) return fail(ErrorKind::BadParameter, fmt::format("Rate too high \"{}\"", text));
    return Rate{cost, kKeepBytes, true};
}

// user2credits and user2credits_byte of xt_hashlimit.c, where the clock decides which products still fit.
constexpr std::uint64_t kHz = KernelClock{}.hz;
constexpr std::uint64_t kPerJiffy = std::bit_floor(std::numeric_limits<std::uint64_t>::max() / (kHz * 24 * 60 * 60));
constexpr std::uint64_t kBytesPerJiffy = std::bit_floor(kMax32 / kHz);

constexpr std::uint64_t credits(std::uint64_t user) { return user * (kHz * kPerJiffy / kScale); }
constexpr std::uint64_t byte_credits(std::uint64_t user) { return user * kHz * kBytesPerJiffy >> 32; }

} // namespace

Result<std::optional<Rate>> parse_rate(std::string_view text, bool stored) {
    if (const std::size_t mark = text.find("b/s"); mark != text.npos && mark != 0) {
        const auto bytes = parse_byte_rate(text, mark, stored);
        if (!bytes || *bytes) return bytes;
    }
    std::uint32_t seconds = 1;
    if (const std::size_t slash = text.find('/'); slash != text.npos) {
        const std::string_view unit = text.substr(slash + 1);
        seconds = 0;
        for (const Unit& known : kUnits)
            if (!unit.empty() && begins_with(known.name, unit)) seconds = known.seconds;
        if (seconds == 0) return std::nullopt;
    }
    const std::uint64_t count = leading(text);
    if (count == 0) return std::nullopt;
    const std::uint64_t cost = kScale * seconds / count;
    if (cost == 0) return fail(ErrorKind::BadParameter, fmt::format("Rate too fast \"{}\"", text));
    return Rate{cost, seconds, false};
}

std::unexpected<Error> burst_error() {
    return fail(ErrorKind::BadParameter,
                fmt::format("bad value for option \"--hashlimit-burst\", or out of range (1-{}).", kLargestBurst));
}

Result<std::uint64_t> parse_burst(std::string_view text) {
    const auto number = leading_number(text, 1, std::numeric_limits<std::uint64_t>::max());
    if (!number || (text.empty() && *number > kLargestBurst)) return burst_error();
    return *number * (text.empty() ? 1 : factor(text.front()));
}

std::uint64_t cost_to_bytes(std::uint64_t cost) {
    const std::uint64_t units = cost != 0 ? kMax32 / cost : kMax32;
    return (units - 1) << XT_HASHLIMIT_BYTE_SHIFT;
}

std::uint32_t append_packet_rate(std::string& out, std::uint64_t period) {
    if (period == 0) {
        out += "inf";
        return 0;
    }
    std::size_t i = 1;
    for (; i < kUnits.size(); ++i) {
        const std::uint64_t unit = kScale * kUnits[i].seconds;
        if (period > unit || unit / period < unit % period) break;
    }
    const Unit& unit = kUnits[i - 1];
    fmt::format_to(std::back_inserter(out), "{}/{}", kScale * unit.seconds / period, unit.shown);
    return unit.seconds * 1000;
}

std::uint64_t append_byte_rate(std::string& out, std::uint64_t cost) {
    const std::uint64_t rate = cost_to_bytes(cost);
    std::size_t i = 0;
    while (i + 1 < kSizes.size() &&
           (rate < kSizes[i].bytes || bytes_to_cost(rate & ~std::uint64_t{kSizes[i].bytes - 1}) != cost))
        ++i;
    fmt::format_to(std::back_inserter(out), "{}{}b/s", rate / kSizes[i].bytes, kSizes[i].shown);
    return rate;
}

void append_byte_burst(std::string& out, std::uint64_t bytes) {
    std::size_t i = 0;
    while (i + 1 < kSizes.size() && bytes < kSizes[i].bytes)
        ++i;
    fmt::format_to(std::back_inserter(out), "burst {}{}b", bytes / kSizes[i].bytes, kSizes[i].shown);
}

Result<void> check(const hashlimit_cfg3& cfg, std::uint8_t longest) {
    if (cfg.gc_interval == 0 || cfg.expire == 0) return invalid_argument();
    if (cfg.srcmask > longest || cfg.dstmask > longest) return invalid_argument();
    if ((cfg.mode & XT_HASHLIMIT_RATE_MATCH) && (cfg.avg == 0 || cfg.avg > kMax32)) return invalid_argument();
    if (cfg.mode & XT_HASHLIMIT_BYTES) {
        if (byte_credits(cfg.avg) == 0) return invalid_argument();
    } else if (cfg.burst == 0 || credits(cfg.avg * cfg.burst) < credits(cfg.avg)) {
        return fail(ErrorKind::Refused, "Numerical result out of range.");
    }
    return {};
}

} // namespace xtbpf::hashlimit

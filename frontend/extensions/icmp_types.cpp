// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/icmp_types.hpp"

#include "frontend/extensions/guided.hpp"

#include <array>
#include <fmt/format.h>
#include <strings.h>

namespace xtbpf {

namespace {

constexpr std::array kIcmp{
    IcmpName{"any", {255}},
    IcmpName{"echo-reply", {0}},
    IcmpName{"pong", {0}},
    IcmpName{"destination-unreachable", {3}},
    IcmpName{"network-unreachable", {3, 0, 0}},
    IcmpName{"host-unreachable", {3, 1, 1}},
    IcmpName{"protocol-unreachable", {3, 2, 2}},
    IcmpName{"port-unreachable", {3, 3, 3}},
    IcmpName{"fragmentation-needed", {3, 4, 4}},
    IcmpName{"source-route-failed", {3, 5, 5}},
    IcmpName{"network-unknown", {3, 6, 6}},
    IcmpName{"host-unknown", {3, 7, 7}},
    IcmpName{"network-prohibited", {3, 9, 9}},
    IcmpName{"host-prohibited", {3, 10, 10}},
    IcmpName{"TOS-network-unreachable", {3, 11, 11}},
    IcmpName{"TOS-host-unreachable", {3, 12, 12}},
    IcmpName{"communication-prohibited", {3, 13, 13}},
    IcmpName{"host-precedence-violation", {3, 14, 14}},
    IcmpName{"precedence-cutoff", {3, 15, 15}},
    IcmpName{"source-quench", {4}},
    IcmpName{"redirect", {5}},
    IcmpName{"network-redirect", {5, 0, 0}},
    IcmpName{"host-redirect", {5, 1, 1}},
    IcmpName{"TOS-network-redirect", {5, 2, 2}},
    IcmpName{"TOS-host-redirect", {5, 3, 3}},
    IcmpName{"echo-request", {8}},
    IcmpName{"ping", {8}},
    IcmpName{"router-advertisement", {9}},
    IcmpName{"router-solicitation", {10}},
    IcmpName{"time-exceeded", {11}},
    IcmpName{"ttl-exceeded", {11}},
    IcmpName{"ttl-zero-during-transit", {11, 0, 0}},
    IcmpName{"ttl-zero-during-reassembly", {11, 1, 1}},
    IcmpName{"parameter-problem", {12}},
    IcmpName{"ip-header-bad", {12, 0, 0}},
    IcmpName{"required-option-missing", {12, 1, 1}},
    IcmpName{"timestamp-request", {13}},
    IcmpName{"timestamp-reply", {14}},
    IcmpName{"address-mask-request", {17}},
    IcmpName{"address-mask-reply", {18}},
};

constexpr std::array kIcmp6{
    IcmpName{"destination-unreachable", {1}},
    IcmpName{"no-route", {1, 0, 0}},
    IcmpName{"communication-prohibited", {1, 1, 1}},
    IcmpName{"beyond-scope", {1, 2, 2}},
    IcmpName{"address-unreachable", {1, 3, 3}},
    IcmpName{"port-unreachable", {1, 4, 4}},
    IcmpName{"failed-policy", {1, 5, 5}},
    IcmpName{"reject-route", {1, 6, 6}},
    IcmpName{"packet-too-big", {2}},
    IcmpName{"time-exceeded", {3}},
    IcmpName{"ttl-exceeded", {3}},
    IcmpName{"ttl-zero-during-transit", {3, 0, 0}},
    IcmpName{"ttl-zero-during-reassembly", {3, 1, 1}},
    IcmpName{"parameter-problem", {4}},
    IcmpName{"bad-header", {4, 0, 0}},
    IcmpName{"unknown-header-type", {4, 1, 1}},
    IcmpName{"unknown-option", {4, 2, 2}},
    IcmpName{"echo-request", {128}},
    IcmpName{"ping", {128}},
    IcmpName{"echo-reply", {129}},
    IcmpName{"pong", {129}},
    IcmpName{"mld-listener-query", {130}},
    IcmpName{"mld-listener-report", {131}},
    IcmpName{"mld-listener-done", {132}},
    IcmpName{"mld-listener-reduction", {132}},
    IcmpName{"router-solicitation", {133}},
    IcmpName{"router-advertisement", {134}},
    IcmpName{"neighbour-solicitation", {135}},
    IcmpName{"neighbor-solicitation", {135}},
    IcmpName{"neighbour-advertisement", {136}},
    IcmpName{"neighbor-advertisement", {136}},
    IcmpName{"redirect", {137}},
};

struct ByteRange {
    std::uint8_t low, high;
};

// parse_range of libxt_icmp.h; cuts it off `text`
std::optional<ByteRange> leading_range(std::string_view& text) {
    const auto low = leading_number(text, 0, 255);
    if (!low) return std::nullopt;
    auto high = low;
    if (text.starts_with(':')) {
        text.remove_prefix(1);
        high = leading_number(text, 0, 255);
        if (!high) return std::nullopt;
    }
    return ByteRange{static_cast<std::uint8_t>(*low), static_cast<std::uint8_t>(*high)};
}

} // namespace

std::span<const IcmpName> icmp_names(Family family) {
    return family == Family::V4 ? std::span<const IcmpName>(kIcmp) : std::span<const IcmpName>(kIcmp6);
}

Result<IcmpType> parse_icmp_type(Family family, std::string_view text) {
    const std::string_view kind = family == Family::V4 ? "ICMP" : "ICMPv6";
    const auto bad = [](std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); };

    const IcmpName* found = nullptr;
    for (const IcmpName& entry : icmp_names(family)) {
        if (entry.name.size() < text.size() || strncasecmp(entry.name.data(), text.data(), text.size()) != 0) continue;
        // libxt_icmp.h calls a whole name that begins a longer one ambiguous too, but there is none such
        if (found)
            return bad(fmt::format("Ambiguous {} type `{}': `{}' or `{}'?", kind, text, found->name, entry.name));
        found = &entry;
    }
    if (found) return found->type;

    std::string_view rest = text;
    const auto type = leading_range(rest);
    if (!type) return bad(fmt::format("Unknown {} type `{}'", kind, text));
    IcmpType result{type->low};
    if (rest.starts_with('/')) {
        rest.remove_prefix(1);
        const auto code = leading_range(rest);
        if (!code) return bad(fmt::format("Unknown {} code `{}'", kind, text));
        result.code_min = code->low;
        result.code_max = code->high;
    }
    if (!rest.empty()) return bad(fmt::format("unknown character {}", rest.front()));
    if (type->low != type->high) return bad(fmt::format("{} type range not supported", kind));
    return result;
}

std::string icmp_type_list(Family family) {
    std::string out;
    const IcmpName* last = nullptr;
    for (const IcmpName& entry : icmp_names(family)) {
        const bool same_type = last && last->type.type == entry.type.type;
        if (same_type && last->type == entry.type)
            out += fmt::format(" ({})", entry.name);
        else
            out += fmt::format("\n{}{}", same_type ? "   " : "", entry.name);
        last = &entry;
    }
    out += '\n';
    return out;
}

} // namespace xtbpf

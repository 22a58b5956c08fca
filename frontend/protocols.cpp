// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/protocols.hpp"

#include "frontend/numbers.hpp"
#include "frontend/system_names.hpp"

#include <array>
#include <utility>

namespace xtbpf {

namespace {

// Where a number has several names the first is the one that is printed (libxtables/xtables.c, xtables_chain_protos).
constexpr std::array<std::pair<std::string_view, std::uint8_t>, 15> kProtocols{{
    {"tcp", 6},
    {"sctp", 132},
    {"udp", 17},
    {"udplite", 136},
    {"icmp", 1},
    {"ipv6-icmp", 58},
    {"icmpv6", 58},
    {"esp", 50},
    {"ah", 51},
    {"mobility-header", 135},
    {"ipv6-mh", 135},
    {"mh", 135},
    {"dccp", 33},
    {"ipcomp", 108},
    {"all", 0},
}};

} // namespace

std::optional<std::string> protocol_name(std::uint16_t protocol, bool lookup) {
    for (const auto& [name, number] : kProtocols)
        if (number == protocol) return std::string(name);
    if (lookup) return system_protocol_name(protocol);
    return std::nullopt;
}

std::optional<std::uint8_t> parse_protocol(std::string_view text) {
    for (const auto& [name, number] : kProtocols)
        if (name == text) return number;
    if (auto number = parse_number(text, 0, 255)) return static_cast<std::uint8_t>(*number);
    if (const auto number = system_protocol(std::string(text))) return static_cast<std::uint8_t>(*number);
    return std::nullopt;
}

} // namespace xtbpf

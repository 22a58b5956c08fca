// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/nat_range.hpp"

#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/system_names.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf {

namespace {

constexpr std::uint64_t kMaxPort = 0xFFFF;

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

std::optional<std::uint16_t> port_of_service(std::string_view name) { // xtables_service_to_port
    return service_port(std::string(name), {});
}

// inet_pton, which is stricter than numeric_host
std::optional<ir::Words> address(std::string_view text, Family family) {
    const bool v4 = family == Family::V4;
    ir::Words words{};
    if (inet_pton(v4 ? AF_INET : AF_INET6, std::string(text).c_str(), words.data()) != 1) return std::nullopt;
    for (auto& word : words)
        word = ntohl(word);
    return words;
}

Result<NatRange::Addresses> parse_addresses(std::string_view text, Family family) {
    const std::size_t dash = text.find('-');
    const std::string_view first = text.substr(0, dash), last = dash == text.npos ? first : text.substr(dash + 1);
    const auto low = address(first, family);
    if (!low) return bad(fmt::format("Bad IP address \"{}\"", first));
    const auto high = address(last, family);
    if (!high) return bad(fmt::format("Bad IP address \"{}\"", last));
    return NatRange::Addresses{*low, *high};
}

} // namespace

// parse_ports of libxt_NAT.c
Result<NatRange::Ports> parse_nat_ports(std::string_view text, const RuleContext& rule) {
    switch (rule.protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
    case IPPROTO_ICMP: break;
    default: return bad("Need TCP, UDP, SCTP or DCCP with port specification");
    }
    std::string_view rest = text;
    const auto low = leading_number(rest, 0, kMaxPort);
    if (!low) {
        const auto port = port_of_service(text);
        if (!port) return bad(fmt::format("Port `{}' not valid", text));
        return NatRange::Ports{*port, *port};
    }
    NatRange::Ports ports{static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*low)};
    if (rest.empty()) return ports;
    if (rest[0] == ':') return bad("Invalid port:port syntax - use dash");
    if (rest[0] != '-') return bad(fmt::format("Garbage after port value: `{}'", rest));

    rest.remove_prefix(1);
    const std::string_view last = rest;
    const auto high = leading_number(rest, 0, kMaxPort);
    if (!high) return bad(fmt::format("Port `{}' not valid", last));
    if (*high < *low) return bad(fmt::format("Port range `{}' funky", last));
    ports.high = static_cast<std::uint16_t>(*high);
    if (rest.empty()) return ports;
    if (rest[0] != '/') return bad(fmt::format("Garbage after port range: `{}'", rest));

    rest.remove_prefix(1);
    const std::string_view shift = rest;
    // SNAT and MASQUERADE save a base of 0, which a rule of the store must read back, a user's must not
    if (const auto base = leading_number(rest, rule.warnings != nullptr ? 1 : 0, kMaxPort))
        ports.base = static_cast<std::uint16_t>(*base);
    else if (const auto port = port_of_service(shift))
        ports.base = *port;
    else
        return bad(fmt::format("Port `{}' not valid", shift));
    return ports;
}

// parse_to of libxt_NAT.c
Result<NatRange> parse_nat_range(std::string_view text, const RuleContext& rule) {
    std::string_view host = text;
    std::size_t colon = text.npos;
    if (const std::size_t open = text.find('['); open != text.npos) {
        const std::size_t close = text.find(']', open);
        if (close == text.npos || rule.family == Family::V4) return bad("Invalid address format");
        host = text.substr(open + 1, close - open - 1);
        colon = text.find(':', close);
    } else if (colon = text.find(':'); colon != text.npos) { // of two or more, the text is an IPv6 address
        if (text.find(':', colon + 1) != text.npos) colon = text.npos;
        host = text.substr(0, colon);
    }
    NatRange range;
    if (colon != text.npos) {
        const auto ports = parse_nat_ports(text.substr(colon + 1), rule);
        if (!ports) return std::unexpected(ports.error());
        range.ports = *ports;
        if (colon == 0 || colon == 2) return range; // ":80", "[]:80", but "ab:80" as well
    }
    const auto addresses = parse_addresses(host, rule.family);
    if (!addresses) return std::unexpected(addresses.error());
    range.addresses = *addresses;
    return range;
}

// sprint_range of libxt_NAT.c
std::string nat_range_text(const NatRange& range, Family family) {
    const bool brackets = family == Family::V6 && range.ports;
    std::string out;
    if (range.addresses) {
        if (brackets) out += '[';
        out += host_text(family, range.addresses->low);
        if (range.addresses->low != range.addresses->high) out += '-' + host_text(family, range.addresses->high);
        if (brackets) out += ']';
    }
    if (range.ports) {
        fmt::format_to(std::back_inserter(out), ":{}", range.ports->low);
        if (range.ports->low != range.ports->high) fmt::format_to(std::back_inserter(out), "-{}", range.ports->high);
        if (range.ports->base) fmt::format_to(std::back_inserter(out), "/{}", *range.ports->base);
    }
    return out;
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/ports.hpp"

#include "frontend/extensions/field_range.hpp"
#include "frontend/system_names.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <netdb.h>
#include <sys/socket.h>

namespace xtbpf {

namespace {

// xtables_getportbyname asks getaddrinfo, which takes decimal numbers only, cut to 16 bits without a word. Numbers are done
// here in the same way, for getaddrinfo takes its time.
std::optional<std::uint16_t> resolve(const std::string& text) {
    char* end = nullptr;
    const auto number = static_cast<int>(std::strtoul(text.c_str(), &end, 10));
    if (*end == '\0' && number >= 0) return static_cast<std::uint16_t>(number);

    addrinfo* found = nullptr;
    if (getaddrinfo(nullptr, text.c_str(), nullptr, &found) != 0) return std::nullopt;
    std::optional<std::uint16_t> port;
    for (const addrinfo* at = found; at && !port; at = at->ai_next) {
        if (at->ai_family == AF_INET) port = ntohs(reinterpret_cast<const sockaddr_in*>(at->ai_addr)->sin_port);
        if (at->ai_family == AF_INET6) port = ntohs(reinterpret_cast<const sockaddr_in6*>(at->ai_addr)->sin6_port);
    }
    freeaddrinfo(found);
    return port;
}

} // namespace

Result<std::uint16_t> parse_port(std::string_view text, std::string_view protocol) {
    if (const auto number = parse_number(text, 0, 0xFFFF)) return static_cast<std::uint16_t>(*number);
    if (const auto port = service_port(std::string(text), std::string(protocol))) return *port;
    return fail(ErrorKind::BadParameter, fmt::format("invalid port/service `{}' specified", text));
}

Result<std::uint16_t> parse_port_or_service(std::string_view text) {
    if (const auto port = resolve(std::string(text))) return *port;
    return fail(ErrorKind::BadParameter, fmt::format("Port \"{}\" does not resolve to anything.\n", text));
}

Result<PortRange> parse_port_range(guided::Names names, std::string_view text) {
    PortRange range;
    std::uint16_t* const bounds[2] = {&range.low, &range.high};
    int previous = 0;
    std::size_t count = 0;
    for (bool more = true; more; ++count) {
        if (count == 2)
            return fail(ErrorKind::BadParameter, fmt::format("{}: Too many components for option \"--{}\" (max: 2)\n",
                                                             names.extension, names.option));
        const std::size_t colon = text.find(':');
        more = colon != text.npos;
        const std::string word(text.substr(0, colon));
        if (more) text.remove_prefix(colon + 1);
        if (word.empty()) continue;
        const auto port = parse_port_or_service(word);
        if (!port) return std::unexpected(port.error());
        if (*port < previous)
            return fail(ErrorKind::BadParameter, fmt::format("Port range {}-{} is negative.\n", previous, *port));
        previous = *port;
        *bounds[count] = *port;
    }
    if (count == 1) range.high = range.low;
    return range;
}

void append_port(std::string& out, std::uint16_t port, std::string_view protocol, bool numeric) {
    std::optional<std::string> service;
    if (!numeric) service = service_name(port, std::string(protocol));
    if (service)
        out += *service;
    else
        fmt::format_to(std::back_inserter(out), "{}", port);
}

void save_ports(std::string& out, std::string_view option, const PortRange& ports) {
    if (ports.restricts()) save_all_ports(out, option, ports);
}

void save_all_ports(std::string& out, std::string_view option, const PortRange& ports) {
    const auto number = [&](std::uint16_t port) {
        const fmt::format_int digits(port); // no format to be read: a long restore writes many
        out.append(digits.data(), digits.size());
    };
    out += ports.invert ? " ! --" : " --";
    out += option;
    out += ' ';
    number(ports.low);
    if (ports.low == ports.high) return;
    out += ':';
    number(ports.high);
}

void list_ports(std::string& out, std::string_view name, const PortRange& ports, std::string_view protocol,
                bool numeric) {
    if (!ports.restricts()) return;
    fmt::format_to(std::back_inserter(out), " {}{}:{}", name, ports.low == ports.high ? "" : "s",
                   ports.invert ? "!" : "");
    append_port(out, ports.low, protocol, numeric);
    if (ports.low == ports.high) return;
    out += ':';
    append_port(out, ports.high, protocol, numeric);
}

void lower_ports(std::vector<ir::Predicate>& out, ir::Field field, const PortRange& ports) {
    if (ports.restricts()) out.push_back(in_range(field, ports.low, ports.high, ports.invert));
}

} // namespace xtbpf

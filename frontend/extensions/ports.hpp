// SPDX-License-Identifier: GPL-2.0-or-later
// Ports on the command line and in listings: numbers or names of services, alone or as ranges.
#pragma once

#include "frontend/extensions/guided.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xtbpf {

struct PortRange {
    std::uint16_t low = 0, high = 0xFFFF;
    bool invert = false;
    bool restricts() const { return low != 0 || high != 0xFFFF || invert; }
};

// xtables_parse_port: a number in any base or a service of that protocol ("tcp", "udp", ...; "" for any).
Result<std::uint16_t> parse_port(std::string_view text, std::string_view protocol);

// xtopt_parse_port: a decimal number, cut to 16 bits without a word, or a service of any protocol.
Result<std::uint16_t> parse_port_or_service(std::string_view text);

// xtopt_parse_mport: LOW, LOW:HIGH and open ends; a port is a decimal number or a service of any protocol.
Result<PortRange> parse_port_range(guided::Names names, std::string_view text);

// `http`, or the number if numeric or without a name
void append_port(std::string& out, std::uint16_t port, std::string_view protocol, bool numeric);

// " --sport 1:2", " ! --sport 1"; nothing for a range that takes every port
void save_ports(std::string& out, std::string_view option, const PortRange& ports);
// the same, but for every port too
void save_all_ports(std::string& out, std::string_view option, const PortRange& ports);
// " spt:!1", " spts:1:2"
void list_ports(std::string& out, std::string_view name, const PortRange& ports, std::string_view protocol,
                bool numeric);

// Appends the test unless it is always true.
void lower_ports(std::vector<ir::Predicate>& out, ir::Field field, const PortRange& ports);

} // namespace xtbpf

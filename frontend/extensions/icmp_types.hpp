// SPDX-License-Identifier: GPL-2.0-or-later
// The names of ICMP and ICMPv6 types, as libxt_icmp.h of iptables 1.8.11 knows them. The order counts: help prints them so,
// and a listing takes the first that fits.
#pragma once

#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf {

struct IcmpType {
    std::uint8_t type = 0;
    std::uint8_t code_min = 0, code_max = 0xFF;
    bool operator==(const IcmpType&) const = default;
};

struct IcmpName {
    std::string_view name;
    IcmpType type;
};

std::span<const IcmpName> icmp_names(Family family);

// A name (any unambiguous beginning, in any case), TYPE, TYPE/CODE or TYPE/CODE:CODE.
Result<IcmpType> parse_icmp_type(Family family, std::string_view text);

// The list of names as help prints it, an alias in parentheses behind its elder.
std::string icmp_type_list(Family family);

} // namespace xtbpf

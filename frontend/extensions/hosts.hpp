// SPDX-License-Identifier: GPL-2.0-or-later
// Single addresses and masks in the options of extensions.
#pragma once

#include "frontend/extensions/guided.hpp"
#include "translator/ir.hpp"
#include "translator/tables.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

// Words in host order, most significant first; an IPv4 address is word 0.
struct HostMask {
    ir::Words host{}, mask{};
};

// An address in numbers. IPv4: one to four bytes in any base, missing ones are 0 (xtables_numeric_to_ipaddr).
std::optional<ir::Words> numeric_host(Family family, std::string_view text);

// xtopt_parse_host: an address or a name that stands for one
Result<ir::Words> parse_host(Family family, std::string_view text);

// xtopt_parse_plenmask: a prefix length, or a mask written as an address
Result<ir::Words> parse_mask(Family family, guided::Names names, std::string_view text);

// The length of a prefix that is such a mask; nullopt for a mask of another kind.
std::optional<std::uint32_t> prefix_length(Family family, const ir::Words& mask);

// xtopt_parse_hostmask: a host as getaddrinfo finds it (which takes 10.1 for 10.0.0.1), alone or with /PREFIX or /MASK. The
// host keeps its bits outside the mask.
Result<HostMask> parse_host_mask(Family family, guided::Names names, std::string_view text);

// "1.2.3.4", "fe80::1"
std::string host_text(Family family, const ir::Words& host);

// As -L without -n shows it: the host's name, the network's, else the number.
std::string host_name(Family family, const ir::Words& host);

// "/24", "/255.0.255.0"; nothing for a full mask (xtables_ipmask_to_numeric)
std::string mask_text(Family family, const ir::Words& mask);

} // namespace xtbpf

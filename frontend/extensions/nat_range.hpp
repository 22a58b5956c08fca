// SPDX-License-Identifier: GPL-2.0-or-later
// Where a target of NAT may send to: addresses, ports, flags (libxt_NAT.c; struct nf_nat_range2).
#pragma once

#include "frontend/extension.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

struct NatRange {
    struct Addresses {
        ir::Words low{}, high{};
    };
    struct Ports {
        std::uint16_t low = 0, high = 0;
        std::optional<std::uint16_t> base{}; // LOW-HIGH/BASE: port BASE goes to LOW, the next one to the next
    };
    std::optional<Addresses> addresses{};
    std::optional<Ports> ports{};
};

// `PORT[-PORT[/BASE]]`. The protocol must be one with ports, or icmp; whether it is inverted isn't asked.
Result<NatRange::Ports> parse_nat_ports(std::string_view text, const RuleContext& rule);

// `[ADDRESS[-ADDRESS]][:PORTS]`; IPv6 addresses that ports follow are in brackets.
Result<NatRange> parse_nat_range(std::string_view text, const RuleContext& rule);

std::string nat_range_text(const NatRange& range, Family family);

} // namespace xtbpf

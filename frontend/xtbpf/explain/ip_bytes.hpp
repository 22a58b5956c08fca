// SPDX-License-Identifier: GPL-2.0-or-later
// An ordinary IP packet made of what is said of it.
#pragma once

#include "translator/field.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf::tool {

struct IpFields {
    Family family = Family::V4;
    ir::Words source{}, destination{};
    std::uint8_t protocol = 0, tos = 0, ttl = 64;
    std::uint16_t fragment = 0; // its offset as in xt_view.frag_off
    std::uint16_t sport = 0, dport = 0;
    std::uint8_t tcp_flags = 0, icmp_type = 0, icmp_code = 0;
    std::uint16_t mss = 0;    // a TCP option; 0: none
    std::uint32_t length = 0; // of the IP packet; less than the headers take: as long as they are
};

// Without options and (but for a fragment's) extension headers; checksums are 0: no rule asks for them.
std::vector<std::uint8_t> ip_bytes(const IpFields& fields);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What the words for a packet say: read, not yet understood as a packet.
#pragma once

#include "frontend/xtbpf/explain/packet.hpp"

#include <array>

namespace xtbpf::tool {

struct Said {
    std::optional<Family> family;
    std::optional<ir::Words> source, destination;
    std::optional<std::uint8_t> protocol, tos, ttl, tcp_flags, icmp_type, icmp_code, packet_type;
    std::optional<std::uint16_t> sport, dport, mss, fragment;
    std::optional<std::uint32_t> length, mark, uid, gid, status, connection_mark;
    std::optional<State> state;
    std::optional<bool> reply; // the packet's direction in its connection
    std::optional<std::array<std::uint8_t, 6>> mac;
    std::optional<std::vector<std::uint8_t>> bytes;
    bool no_socket = false;
};

// `family`: as an option says; else addresses tell, else IPv4. Errors: BadParameter.
Result<Said> read_words(const std::vector<std::string>& words, std::optional<Family> family);

} // namespace xtbpf::tool

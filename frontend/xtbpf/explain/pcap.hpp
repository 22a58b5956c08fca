// SPDX-License-Identifier: GPL-2.0-or-later
// Classic pcap files (not pcapng), as tcpdump -w writes them: the IP packets in them. Any bytes can be given.
#pragma once

#include "frontend/xtbpf/explain/packet.hpp"
#include "translator/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::tool {

struct Captured {
    std::size_t number = 0;                            // in the file, from 1
    std::vector<std::uint8_t> packet;                  // from the network header on, as far as the capture has it
    std::size_t length = 0;                            // of the packet on the wire: no less
    std::optional<std::array<std::uint8_t, 6>> source; // MAC
    std::optional<std::uint8_t> type;                  // PACKET_* that the link layer tells
    std::string trouble;                               // why there is no packet: not IP, ...
};

// Link types: Ethernet (with VLAN tags), raw IP, Linux cooked (v1), BSD loopback. Errors: Refused.
Result<std::vector<Captured>> read_pcap(std::span<const std::uint8_t> file);

// nullopt: no IP packet whose headers are all there.
std::optional<Packet> packet_of(const Captured& captured);

} // namespace xtbpf::tool

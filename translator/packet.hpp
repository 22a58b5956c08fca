// SPDX-License-Identifier: GPL-2.0-or-later
// From the bytes of an IP packet to its view, exactly as the BPF prologue (datapath/bpf/parse.h) fills it: the
// interpreter's side of the same contract.
#pragma once

#include "translator/tables.hpp"
#include "translator/view.h"

#include <cstdint>
#include <optional>
#include <span>

namespace xtbpf {

// `bytes` begin at the network header; what lies behind the packet's own length (padding) is cut off. nullopt if the
// stack would have dropped it before netfilter for its version, header length, total length or payload length. Not
// looked at, as a packet at a hook has passed or never sees them: the IPv4 header's checksum, IPv6 addresses that may
// not be received, the options of a hop-by-hop header. An early stage must check or defer those itself.
//
// A port is 0 unless both its bytes are there, tcp_doff and tcp_flags are unless 20 bytes of transport header are; all
// are 0 in a later fragment and where no header was found. thoff is 0 in a later IPv6 fragment and where no header was
// found (ipv6_find_hdr sets no offset); a thoff past 65535 is held there with nothing available behind it. Fields that
// don't come from the bytes (names, mark, conntrack, owner, MAC, packet type) stay zero; ct_state is
// XT_CONNTRACK_STATE_INVALID's bit (1).
std::optional<xt_view> parse_packet(Family family, std::span<const std::uint8_t> bytes);

} // namespace xtbpf

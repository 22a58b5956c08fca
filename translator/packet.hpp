// SPDX-License-Identifier: GPL-2.0-or-later
// From the bytes of an IP packet to its view, exactly as the BPF prologue (datapath/bpf/parse.h) fills it: the interpreter's
// side of the same contract.
#pragma once

#include "translator/tables.hpp"
#include "translator/view.h"

#include <cstdint>
#include <optional>
#include <span>

namespace xtbpf {

// `bytes` begin at the network header and end with the packet (as trimmed by ip_rcv: no padding). nullopt if the stack would
// have dropped it before netfilter (version, header length, total length, payload length). Fields that don't come from the
// bytes (names, mark, conntrack, owner, MAC, packet type) stay zero; ct_state is XT_CONNTRACK_STATE_INVALID's bit (1).
std::optional<xt_view> parse_packet(Family family, std::span<const std::uint8_t> bytes);

} // namespace xtbpf

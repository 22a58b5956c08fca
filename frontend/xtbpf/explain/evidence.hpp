// SPDX-License-Identifier: GPL-2.0-or-later
// Why a predicate doesn't hold, in a few words.
#pragma once

#include "frontend/xtbpf/explain/packet.hpp"
#include "translator/ir.hpp"

#include <string>

namespace xtbpf::tool {

// "dport=22: the packet has 80"; without the second half where there is no single value to show.
std::string evidence(const ir::Predicate& predicate, const Packet& packet);

// "198.51.100.7:4000 > 10.0.0.1:80 tcp, flags SYN, 60 bytes": of a packet whose bytes are given.
std::string summary(const Packet& packet);

} // namespace xtbpf::tool

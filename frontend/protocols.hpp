// SPDX-License-Identifier: GPL-2.0-or-later
// Names of transport protocols: iptables' own list first, then the system's database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

// The name in iptables' own list ("tcp", "all" for 0); with `lookup` also one of /etc/protocols; nullopt: print the
// number.
std::optional<std::string> protocol_name(std::uint16_t protocol, bool lookup);

// A number up to 255, a name of the list, or one of /etc/protocols.
std::optional<std::uint8_t> parse_protocol(std::string_view text);

} // namespace xtbpf

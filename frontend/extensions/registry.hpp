// SPDX-License-Identifier: GPL-2.0-or-later
// Every match and target there is, one file each in this folder; registry.cpp finds them by name.
#pragma once

#include "frontend/extension.hpp"

namespace xtbpf::extensions {

extern const MatchDef comment_match, connmark_match, icmp_match, icmp6_match, mark_match, tcp_match, udp_match;

} // namespace xtbpf::extensions

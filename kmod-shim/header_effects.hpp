// SPDX-License-Identifier: GPL-2.0-or-later
// Effects that write headers, and those of the raw table: by nf_tables' expressions payload, exthdr, tproxy and ct.
#pragma once

#include "kmod-shim/effects.hpp"

#include <vector>

namespace xtbpf::anchor {

void put_tos(nlmsghdr* message, Family family, const ir::TosEffect& tos);

// A step up or down is a map from each TTL to the next: nf_tables doesn't add.
EffectParts prepare_ttl(Batch& batch, Family family, const ir::TtlEffect& ttl);
void put_ttl(nlmsghdr* message, Family family, const ir::TtlEffect& ttl, const EffectParts& parts);

void put_tcp_ecn(nlmsghdr* message, const ir::TcpEcnEffect& ecn);
// nf_tables strips the first option of a kind, xt_TCPOPTSTRIP all of them: each kind as often as it can be there, in as many
// rules as that takes.
std::vector<ir::StripOptionsEffect> strips_of_one_rule(const ir::StripOptionsEffect& strip);
void put_strip_options(nlmsghdr* message, const ir::StripOptionsEffect& strip);
void put_tproxy(nlmsghdr* message, Family family, const ir::TproxyEffect& tproxy);
void put_zone(nlmsghdr* message, const ir::ZoneEffect& zone);

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
// Effects that write headers, and those of the raw table: by nf_tables' expressions payload, exthdr, tproxy and ct.
#pragma once

#include "kmod-shim/effects.hpp"

namespace xtbpf::anchor {

void put_tos(nlmsghdr* message, Family family, const ir::TosEffect& tos);

// A step up or down is a map from each TTL to the next: nf_tables doesn't add.
EffectParts prepare_ttl(Batch& batch, const Place& place, const ir::TtlEffect& ttl);
void put_ttl(nlmsghdr* message, Family family, const ir::TtlEffect& ttl, const EffectParts& parts);

void put_tcp_ecn(nlmsghdr* message, const ir::TcpEcnEffect& ecn);
void put_tproxy(nlmsghdr* message, Family family, const ir::TproxyEffect& tproxy);
void put_trace(nlmsghdr* message);
void put_zone(nlmsghdr* message, const ir::ZoneEffect& zone);

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
// The structures that NAT targets have in the kernel's ip_tables interface, as libxt_NAT.c takes them: the oldest for IPv4, the newest
// for DNAT.
#pragma once

#include "frontend/extension.hpp"

#include <optional>
#include <span>
#include <vector>

struct nf_nat_range2;

namespace xtbpf {

StructureDef nat_structure(ir::NatEffect::Kind kind, Family family);

std::vector<std::uint8_t> nat_bytes(ir::NatEffect::Kind kind, Family family, const nf_nat_range2& range);
std::optional<nf_nat_range2> nat_range_from(ir::NatEffect::Kind kind, Family family,
                                            std::span<const std::uint8_t> bytes);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/nat_structure.hpp"

#include "frontend/extensions/structure.hpp"

#include <cstring>
#include <linux/netfilter/nf_nat.h>

namespace xtbpf {

namespace {

using Kind = ir::NatEffect::Kind;
using Old = nf_nat_ipv4_multi_range_compat;

bool is_old(Kind kind, Family family) { return family == Family::V4 && kind != Kind::Destination; }

} // namespace

StructureDef nat_structure(Kind kind, Family family) {
    if (kind == Kind::Destination) return structure_of<nf_nat_range2, 2>(family);
    if (is_old(kind, family)) return structure_of<Old>(family);
    return kind == Kind::Source ? structure_of<nf_nat_range, 1>(family) : structure_of<nf_nat_range>(family);
}

// struct nf_nat_range is the newer one without its end.
std::vector<std::uint8_t> nat_bytes(Kind kind, Family family, const nf_nat_range2& range) {
    if (kind == Kind::Destination) return info_bytes(range);
    if (is_old(kind, family))
        return info_bytes(Old{.rangesize = 1,
                              .range = {{.flags = range.flags,
                                         .min_ip = range.min_addr.ip,
                                         .max_ip = range.max_addr.ip,
                                         .min = range.min_proto,
                                         .max = range.max_proto}}});
    nf_nat_range shorter{};
    std::memcpy(&shorter, &range, sizeof shorter);
    return info_bytes(shorter);
}

std::optional<nf_nat_range2> nat_range_from(Kind kind, Family family, std::span<const std::uint8_t> bytes) {
    if (kind == Kind::Destination) return info_from<nf_nat_range2>(bytes);
    auto& range = blank<nf_nat_range2>();
    if (is_old(kind, family)) {
        const auto old = info_from<Old>(bytes);
        if (old.rangesize != 1) return std::nullopt;
        range.flags = old.range[0].flags;
        range.min_addr.ip = old.range[0].min_ip;
        range.max_addr.ip = old.range[0].max_ip;
        range.min_proto = old.range[0].min;
        range.max_proto = old.range[0].max;
        return range;
    }
    const auto shorter = info_from<nf_nat_range>(bytes);
    std::memcpy(&range, &shorter, sizeof shorter);
    return range;
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/nat_target.hpp"

#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <linux/netfilter/nf_nat.h>

namespace xtbpf::extensions {

namespace {

struct Flag {
    std::uint32_t bit;
    std::string_view name;
};
constexpr std::array kFlags{Flag{NF_NAT_RANGE_PROTO_RANDOM, "random"},
                            Flag{NF_NAT_RANGE_PROTO_RANDOM_FULLY, "random-fully"},
                            Flag{NF_NAT_RANGE_PERSISTENT, "persistent"}};

} // namespace

Result<void> NatTarget::option(const OptionUse& use) {
    const std::string_view name = traits_.options[use.option].name;
    for (const Flag& flag : kFlags)
        if (flag.name == name) {
            flags_ |= flag.bit;
            return {};
        }
    if (traits_.ports_only) {
        const auto ports = parse_nat_ports(use.value, use.rule);
        if (!ports) return std::unexpected(ports.error());
        range_.ports = *ports;
    } else {
        const auto range = parse_nat_range(use.value, use.rule);
        if (!range) return std::unexpected(range.error());
        range_ = *range;
    }
    // the structures of SNAT, MASQUERADE and REDIRECT have no place for the base: it reads as 0
    if (!traits_.shifts && range_.ports && range_.ports->base) range_.ports->base = 0;
    return {};
}

Result<void> NatTarget::finish(const RuleContext&) {
    const bool shifted = range_.ports && range_.ports->base;
    if (traits_.kind == ir::NatEffect::Kind::Redirect && shifted) // DNAT_fcheck, which REDIRECT shares
        return fail(ErrorKind::BadParameter, "Shifted portmap ranges not supported with this kernel");
    if (!traits_.ports_only && !range_.addresses && !range_.ports)
        return guided::missing(traits_.name, traits_.options[0].name);
    return {};
}

void NatTarget::append(std::string& out, std::string_view before_range, std::string_view before_flag) const {
    std::string range = nat_range_text(range_, family_);
    if (traits_.ports_only && range.starts_with(':')) range.erase(0, 1);
    if (!range.empty()) (out += before_range) += range;
    for (const Flag& flag : kFlags)
        if (flags_ & flag.bit) (out += before_flag) += flag.name;
}

// xt_nat_convert_range, the other way round
const nf_nat_range2& NatTarget::structure() const {
    auto& range = blank<nf_nat_range2>();
    range.flags = flags_;
    if (range_.addresses) {
        range.flags |= NF_NAT_RANGE_MAP_IPS;
        put_words(range.min_addr.all, range_.addresses->low);
        put_words(range.max_addr.all, range_.addresses->high);
    }
    if (range_.ports) {
        range.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
        range.min_proto.all = htons(range_.ports->low);
        range.max_proto.all = htons(range_.ports->high);
        if (range_.ports->base) range.flags |= NF_NAT_RANGE_PROTO_OFFSET;
        range.base_proto.all = htons(range_.ports->base.value_or(0));
    }
    return range;
}

std::vector<std::uint8_t> NatTarget::encode(const RuleContext&) const {
    return nat_bytes(traits_.kind, family_, structure());
}

bool NatTarget::decode(const RuleContext&, std::span<const std::uint8_t> bytes) {
    const auto range = nat_range_from(traits_.kind, family_, bytes);
    if (!range) return false;
    if (range->flags & NF_NAT_RANGE_MAP_IPS)
        range_.addresses = {words_in(range->min_addr.all), words_in(range->max_addr.all)};
    if (range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
        range_.ports = {ntohs(range->min_proto.all), ntohs(range->max_proto.all)};
        if (range->flags & NF_NAT_RANGE_PROTO_OFFSET) range_.ports->base = ntohs(range->base_proto.all);
    }
    for (const Flag& flag : kFlags)
        flags_ |= range->flags & flag.bit;
    return true;
}

// nf_tables has no place for the base: the target itself, which wants a table of the name `nat`.
ir::Action NatTarget::shifted() const {
    return tied_target("DNAT", 2, structure(),
                       ir::touched(ir::Touch::Addresses, ir::Touch::Transport, ir::Touch::Payload), ir::After::Ends);
}

// xt_nat_convert_range; masquerade_tg, redirect_tg4
ir::Action NatTarget::lower(const RuleContext&) const {
    if (range_.ports && range_.ports->base.value_or(0) != 0) return shifted();
    ir::NatEffect effect{.kind = traits_.kind, .flags = flags_};
    if (range_.addresses) effect.addresses = {range_.addresses->low, range_.addresses->high};
    if (range_.ports) {
        effect.ports = {range_.ports->low, range_.ports->high};
        if (range_.ports->base) effect.flags |= NF_NAT_RANGE_PROTO_OFFSET;
    }
    return ir::HandOff{effect};
}

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/header_effects.hpp"

#include "kmod-shim/expression.hpp"
#include "kmod-shim/expressions.hpp"
#include "kmod-shim/messages.hpp"
#include "kmod-shim/netlink.hpp"
#include "kmod-shim/registers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

namespace xtbpf::anchor {

namespace {

constexpr std::uint8_t kEce = 0x40, kCwr = 0x80; // RFC 3168, byte 13 of the TCP header

HeaderBytes ttl_bytes(Family family) {
    if (family == Family::V4) return {NFT_PAYLOAD_NETWORK_HEADER, offsetof(iphdr, ttl), 1, offsetof(iphdr, check)};
    return {NFT_PAYLOAD_NETWORK_HEADER, offsetof(ipv6hdr, hop_limit), 1};
}

int stepped(const ir::TtlEffect& ttl, int from) {
    const int step = ttl.kind == ir::TtlEffect::Kind::Increase ? ttl.value : -ttl.value;
    return std::clamp(from + step, 0, 255);
}

} // namespace

// Two bytes from the header's start: a checksum is updated over whole 16-bit words.
void put_tos(nlmsghdr* message, Family family, const ir::TosEffect& tos) {
    HeaderBytes bytes{NFT_PAYLOAD_NETWORK_HEADER, 0, 2};
    std::array<std::uint8_t, 2> keep{0xff, static_cast<std::uint8_t>(~tos.mask)};
    std::array<std::uint8_t, 2> flip{0, tos.value};
    if (family == Family::V4) {
        bytes.checksum = offsetof(iphdr, check);
    } else { // the traffic class lies across the two: version, class, flow label
        keep = {static_cast<std::uint8_t>(0xf0 | (~tos.mask & 0xff) >> 4),
                static_cast<std::uint8_t>((~tos.mask & 0x0f) << 4 | 0x0f)};
        flip = {static_cast<std::uint8_t>(tos.value >> 4), static_cast<std::uint8_t>(tos.value << 4)};
    }
    load_bytes(message, NFT_REG_1, bytes);
    change_bits(message, NFT_REG_1, keep.data(), flip.data(), keep.size());
    store_bytes(message, NFT_REG_1, bytes);
}

EffectParts prepare_ttl(Batch& batch, const Place& place, const ir::TtlEffect& ttl) {
    if (ttl.kind == ir::TtlEffect::Kind::Set) return {};
    constexpr std::uint32_t kByteType = 0; // the types are user space's business
    const EffectParts parts{.map = "__map%d", .map_id = batch.next_id()};
    nlmsghdr* set = batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, place.family, "make a map of TTLs", "nf_tables");
    const auto number = [](nlmsghdr* message, std::uint16_t attribute, std::uint32_t value) {
        mnl_attr_put_u32(message, attribute, htonl(value));
    };
    mnl_attr_put_strz(set, NFTA_SET_TABLE, place.table);
    mnl_attr_put_strz(set, NFTA_SET_NAME, parts.map.c_str());
    number(set, NFTA_SET_FLAGS, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_MAP);
    number(set, NFTA_SET_KEY_TYPE, kByteType);
    number(set, NFTA_SET_KEY_LEN, 1);
    number(set, NFTA_SET_DATA_TYPE, kByteType);
    number(set, NFTA_SET_DATA_LEN, 1);
    number(set, NFTA_SET_ID, parts.map_id);

    nlmsghdr* elements = batch.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE, place.family, "fill a map of TTLs", "nf_tables");
    mnl_attr_put_strz(elements, NFTA_SET_ELEM_LIST_TABLE, place.table);
    mnl_attr_put_strz(elements, NFTA_SET_ELEM_LIST_SET, parts.map.c_str());
    number(elements, NFTA_SET_ELEM_LIST_SET_ID, parts.map_id);
    nlattr* list = mnl_attr_nest_start(elements, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (int from = 0; from <= 255; ++from) {
        const auto put = [&](std::uint16_t attribute, int value) {
            nlattr* nest = mnl_attr_nest_start(elements, attribute);
            mnl_attr_put_u8(elements, NFTA_DATA_VALUE, static_cast<std::uint8_t>(value));
            mnl_attr_nest_end(elements, nest);
        };
        nlattr* element = mnl_attr_nest_start(elements, NFTA_LIST_ELEM);
        put(NFTA_SET_ELEM_KEY, from);
        put(NFTA_SET_ELEM_DATA, stepped(ttl, from));
        mnl_attr_nest_end(elements, element);
    }
    mnl_attr_nest_end(elements, list);
    return parts;
}

void put_ttl(nlmsghdr* message, Family family, const ir::TtlEffect& ttl, const EffectParts& parts) {
    const HeaderBytes bytes = ttl_bytes(family);
    if (ttl.kind == ir::TtlEffect::Kind::Set) {
        Expression expression(message, "immediate");
        expression.number(NFTA_IMMEDIATE_DREG, NFT_REG_1);
        expression.data(NFTA_IMMEDIATE_DATA, &ttl.value, sizeof ttl.value);
    } else {
        load_bytes(message, NFT_REG_1, bytes);
        Expression expression(message, "lookup");
        mnl_attr_put_strz(message, NFTA_LOOKUP_SET, parts.map.c_str());
        expression.number(NFTA_LOOKUP_SET_ID, parts.map_id);
        expression.number(NFTA_LOOKUP_SREG, NFT_REG_1);
        expression.number(NFTA_LOOKUP_DREG, NFT_REG_1);
    }
    store_bytes(message, NFT_REG_1, bytes);
}

void put_tcp_ecn(nlmsghdr* message, const ir::TcpEcnEffect& ecn) {
    constexpr std::uint8_t kEct = 0x03;
    if (ecn.ect) put_tos(message, Family::V4, {.mask = kEct, .value = *ecn.ect});
    const HeaderBytes bytes{NFT_PAYLOAD_TRANSPORT_HEADER, 12, 2, offsetof(tcphdr, check)};
    std::array<std::uint8_t, 2> keep{0xff, 0xff};
    std::array<std::uint8_t, 2> flip{};
    const auto change = [&](const std::optional<bool>& flag, std::uint8_t bit) {
        if (!flag) return;
        keep[1] = static_cast<std::uint8_t>(keep[1] & ~bit);
        if (*flag) flip[1] = static_cast<std::uint8_t>(flip[1] | bit);
    };
    change(ecn.cwr, kCwr);
    change(ecn.ece, kEce);
    load_bytes(message, NFT_REG_1, bytes);
    change_bits(message, NFT_REG_1, keep.data(), flip.data(), keep.size());
    store_bytes(message, NFT_REG_1, bytes);
}

// tproxy_tg4, tproxy_tg6_v1 (net/netfilter/xt_TPROXY.c). Without a socket the expression breaks off, and the packet, having
// got no verdict, is dropped.
void put_tproxy(nlmsghdr* message, Family family, const ir::TproxyEffect& tproxy) {
    if (tproxy.address) load_address(message, NFT_REG_1, family, *tproxy.address);
    if (tproxy.port != 0)
        load_port(message, NFT_REG_2, tproxy.port);
    else
        load_bytes(message, NFT_REG_2, {NFT_PAYLOAD_TRANSPORT_HEADER, offsetof(tcphdr, dest), sizeof tcphdr{}.dest});
    {
        Expression expression(message, "tproxy");
        expression.number(NFTA_TPROXY_FAMILY, netlink_family(family));
        if (tproxy.address) expression.number(NFTA_TPROXY_REG_ADDR, NFT_REG_1);
        expression.number(NFTA_TPROXY_REG_PORT, NFT_REG_2);
    }
    change_mark(message, tproxy.mark_mask, tproxy.mark_value);
    put_verdict(message, NF_ACCEPT);
}

void put_trace(nlmsghdr* message) {
    constexpr std::uint8_t kOn = 1;
    {
        Expression expression(message, "immediate");
        expression.number(NFTA_IMMEDIATE_DREG, NFT_REG_1);
        expression.data(NFTA_IMMEDIATE_DATA, &kOn, sizeof kOn);
    }
    Expression expression(message, "meta");
    expression.number(NFTA_META_SREG, NFT_REG_1);
    expression.number(NFTA_META_KEY, NFT_META_NFTRACE);
}

void put_zone(nlmsghdr* message, const ir::ZoneEffect& zone) {
    if (zone.zone)
        load_number(message, NFT_REG_1, *zone.zone);
    else
        load_mark(message, NFT_REG_1); // its low half on a little-endian machine: nft_reg_load16
    Expression expression(message, "ct");
    expression.number(NFTA_CT_KEY, NFT_CT_ZONE);
    expression.number(NFTA_CT_SREG, NFT_REG_1);
    if (zone.direction != ir::ZoneEffect::Direction::Both)
        mnl_attr_put_u8(message, NFTA_CT_DIRECTION, zone.direction == ir::ZoneEffect::Direction::Reply ? 1 : 0);
}

} // namespace xtbpf::anchor

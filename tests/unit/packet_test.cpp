// SPDX-License-Identifier: GPL-2.0-or-later
// Hand-made packets for each trap; what IPv6 expects was seen on Linux 6.18 through `ip6tables-legacy -t raw -p tcp`.
#include "translator/packet.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace xtbpf {

namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes kTcp{0x03, 0xe8, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 0, 100, 0, 0, 0, 0};

Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Bytes first(const Bytes& bytes, std::size_t count) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

Bytes ipv4(const Bytes& payload, std::uint16_t fragment = 0, Bytes options = {}) {
    const std::size_t total = 20 + options.size() + payload.size();
    Bytes bytes{static_cast<std::uint8_t>(0x45 + options.size() / 4),
                0x10,
                static_cast<std::uint8_t>(total >> 8),
                static_cast<std::uint8_t>(total),
                0,
                1,
                static_cast<std::uint8_t>(fragment >> 8),
                static_cast<std::uint8_t>(fragment),
                63,
                6,
                0,
                0,
                10,
                0,
                0,
                1,
                192,
                168,
                1,
                2};
    return bytes + options + payload;
}

Bytes ipv6(std::uint8_t next, const Bytes& payload) {
    Bytes bytes{
        0x6a, 0xb0, 0, 1, static_cast<std::uint8_t>(payload.size() >> 8), static_cast<std::uint8_t>(payload.size()),
        next, 62};
    Bytes address{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    bytes = bytes + address;
    address.back() = 2;
    return bytes + address + payload;
}

Bytes option(std::uint8_t next, std::uint8_t units = 0) {
    Bytes bytes(8 + std::size_t{8} * units);
    bytes[0] = next;
    bytes[1] = units;
    return bytes;
}

Bytes fragment(std::uint8_t next, std::uint16_t offset, bool more = true) {
    return {next, 0, static_cast<std::uint8_t>(offset >> 5), static_cast<std::uint8_t>(offset << 3 | more), 0, 0, 0, 1};
}

xt_view parse(Family family, const Bytes& bytes) { return parse_packet(family, bytes).value(); }
xt_view parse6(std::uint8_t next, const Bytes& payload) { return parse(Family::V6, ipv6(next, payload)); }
bool refused(Family family, const Bytes& bytes) { return !parse_packet(family, bytes).has_value(); }

} // namespace

TEST(Packet, Ipv4Fields) {
    const xt_view view = parse(Family::V4, ipv4(kTcp));
    EXPECT_EQ(view.saddr[0], 0x0a000001U);
    EXPECT_EQ(view.daddr[0], 0xc0a80102U);
    EXPECT_EQ(view.len, 40U);
    EXPECT_EQ(view.ip_len, 40U);
    EXPECT_EQ(view.thoff, 20);
    EXPECT_EQ(view.l4_avail, 20U);
    EXPECT_EQ(view.proto, 6);
    EXPECT_EQ(view.tos, 0x10);
    EXPECT_EQ(view.ttl, 63);
    EXPECT_EQ(view.sport, 1000);
    EXPECT_EQ(view.dport, 80);
    EXPECT_EQ(view.tcp_flags, 2);
    EXPECT_EQ(view.tcp_doff, 5);
    EXPECT_EQ(view.ct_state, 1U);
}

TEST(Packet, PaddingIsNotThePacket) {
    const xt_view view = parse(Family::V4, ipv4(first(kTcp, 8)) + Bytes(18, 0xaa));
    EXPECT_EQ(view.len, 28U);
    EXPECT_EQ(view.l4_avail, 8U);
    EXPECT_EQ(view.tcp_flags, 0);
    EXPECT_EQ(parse(Family::V6, ipv6(6, first(kTcp, 8)) + Bytes(18, 0xaa)).len, 48U);
}

TEST(Packet, Ipv4OptionsMoveTheTransportHeader) {
    const xt_view view = parse(Family::V4, ipv4(kTcp, 0, Bytes(40, 1)));
    EXPECT_EQ(view.thoff, 60);
    EXPECT_EQ(view.dport, 80);
    EXPECT_EQ(view.len, 80U);
}

TEST(Packet, LaterFragmentsHaveNoPorts) {
    const xt_view later = parse(Family::V4, ipv4(kTcp, 0x2001));
    EXPECT_EQ(later.frag_off, 1);
    EXPECT_EQ(later.sport, 0);
    EXPECT_EQ(later.dport, 0);
    EXPECT_EQ(later.icmp_type_code, 0);
    EXPECT_EQ(later.tcp_flags, 0);
    EXPECT_EQ(later.l4_avail, 20U);
    const xt_view start = parse(Family::V4, ipv4(kTcp, 0x2000));
    EXPECT_EQ(start.frag_off, 0);
    EXPECT_EQ(start.dport, 80);
}

TEST(Packet, EachFieldNeedsAllItsBytes) {
    for (std::size_t here = 0; here <= kTcp.size(); ++here) {
        const xt_view view = parse(Family::V4, ipv4(first(kTcp, here)));
        EXPECT_EQ(view.l4_avail, here);
        EXPECT_EQ(view.sport, here >= 2 ? 1000 : 0) << here;
        EXPECT_EQ(view.icmp_type_code, view.sport);
        EXPECT_EQ(view.dport, here >= 4 ? 80 : 0) << here;
        EXPECT_EQ(view.tcp_doff, here >= 20 ? 5 : 0) << here;
        EXPECT_EQ(view.tcp_flags, here >= 20 ? 2 : 0) << here;
    }
}

TEST(Packet, WhatIpv4NeverDelivers) {
    const Bytes good = ipv4(kTcp);
    EXPECT_TRUE(refused(Family::V4, {}));
    EXPECT_TRUE(refused(Family::V4, first(good, 19)));
    EXPECT_TRUE(refused(Family::V4, first(good, 39))); // shorter than its total length
    Bytes bad = good;
    bad[0] = 0x65;
    EXPECT_TRUE(refused(Family::V4, bad));
    bad[0] = 0x44;
    EXPECT_TRUE(refused(Family::V4, bad));
    bad[0] = 0x4f; // header of 60 bytes in a packet of 40
    EXPECT_TRUE(refused(Family::V4, bad));
    bad = good;
    bad[3] = 19; // total length below the header's
    EXPECT_TRUE(refused(Family::V4, bad));
    bad[3] = 20;
    EXPECT_EQ(parse(Family::V4, bad).l4_avail, 0U);
}

TEST(Packet, Ipv6Fields) {
    const xt_view view = parse6(6, kTcp);
    EXPECT_EQ(view.saddr[0], 0x20010db8U);
    EXPECT_EQ(view.saddr[3], 1U);
    EXPECT_EQ(view.daddr[3], 2U);
    EXPECT_EQ(view.tos, 0xab);
    EXPECT_EQ(view.ttl, 62);
    EXPECT_EQ(view.len, 60U);
    EXPECT_EQ(view.ip_len, 60U);
    EXPECT_EQ(view.proto, 6);
    EXPECT_EQ(view.thoff, 40);
    EXPECT_EQ(view.dport, 80);
}

TEST(Packet, WhatIpv6NeverDelivers) {
    const Bytes good = ipv6(6, kTcp);
    EXPECT_TRUE(refused(Family::V6, first(good, 39)));
    EXPECT_TRUE(refused(Family::V6, first(good, 59)));
    EXPECT_TRUE(refused(Family::V6, ipv4(kTcp) + Bytes(40)));
    Bytes empty = good;
    empty[5] = 0;
    EXPECT_EQ(parse(Family::V6, empty).len, 40U);
    EXPECT_EQ(parse(Family::V6, empty).l4_avail, 0U);
}

TEST(Packet, AnyNumberOfExtensionHeaders) {
    for (std::size_t count : {1U, 7U, 12U, 13U, 40U}) {
        Bytes chain;
        for (std::size_t at = 1; at < count; ++at)
            chain = chain + option(60);
        const xt_view view = parse6(60, chain + option(6) + kTcp);
        EXPECT_EQ(view.l4, XT_L4_OK);
        EXPECT_EQ(view.proto, 6) << count;
        EXPECT_EQ(view.thoff, 40 + 8 * count);
        EXPECT_EQ(view.dport, 80) << count;
    }
}

TEST(Packet, EachExtensionHeaderHasItsOwnLength) {
    EXPECT_EQ(parse6(0, option(43, 1) + option(60, 2) + option(6) + kTcp).thoff, 40 + 16 + 24 + 8);
    EXPECT_EQ(parse6(51, Bytes{6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} + kTcp).thoff,
              40 + 12); // AH counts in words, less two
    EXPECT_EQ(parse6(51, Bytes{6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} + kTcp).dport, 80);
    const xt_view whole = parse6(44, fragment(6, 0) + kTcp);
    EXPECT_EQ(whole.frag_off, 0);
    EXPECT_EQ(whole.dport, 80);
}

TEST(Packet, EspMobilityAndNoneAreTransport) {
    for (std::uint8_t protocol : Bytes{50, 135, 59}) {
        const xt_view view = parse6(protocol, kTcp);
        EXPECT_EQ(view.proto, protocol);
        EXPECT_EQ(view.l4, XT_L4_OK);
        EXPECT_EQ(view.thoff, 40);
    }
}

TEST(Packet, LaterIpv6Fragments) {
    const xt_view view = parse6(44, fragment(6, 1) + kTcp);
    EXPECT_EQ(view.l4, XT_L4_OK);
    EXPECT_EQ(view.proto, 6);
    EXPECT_EQ(view.frag_off, 8);
    EXPECT_EQ(view.dport, 0);
    EXPECT_EQ(view.thoff, 0);
    EXPECT_EQ(view.l4_avail, 0U);
    EXPECT_EQ(parse6(44, fragment(59, 1) + kTcp).proto, 59);
    EXPECT_EQ(parse6(44, fragment(60, 1) + option(6) + kTcp).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(44, fragment(44, 1) + fragment(6, 0) + kTcp).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(44, fragment(60, 0) + option(6) + kTcp).dport, 80);
}

TEST(Packet, ExtensionHeadersNeedOnlyTheBytesThatAreRead) {
    EXPECT_EQ(parse6(60, first(option(6), 1)).l4, XT_L4_BROKEN);
    const xt_view cut = parse6(60, first(option(6), 2)); // TCP, behind the packet's end
    EXPECT_EQ(cut.l4, XT_L4_OK);
    EXPECT_EQ(cut.proto, 6);
    EXPECT_EQ(cut.thoff, 48);
    EXPECT_EQ(cut.l4_avail, 0U);
    EXPECT_EQ(parse6(60, first(option(60), 4)).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(43, first(option(6), 3)).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(43, first(option(6), 4)).proto, 6);
    EXPECT_EQ(parse6(44, first(fragment(6, 1), 3)).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(44, first(fragment(6, 1), 4)).frag_off, 8);
    EXPECT_EQ(parse6(51, first(option(6), 1)).l4, XT_L4_BROKEN);
    EXPECT_EQ(parse6(60, {}).l4, XT_L4_BROKEN);
}

TEST(Packet, JumbogramsAreNotTrimmed) {
    Bytes jumbo = ipv6(0, option(6) + kTcp);
    jumbo[5] = 0;
    EXPECT_EQ(parse(Family::V6, jumbo).len, 68U);
    EXPECT_EQ(parse(Family::V6, jumbo).dport, 80);
}

TEST(Packet, ATransportHeaderPast65535) {
    Bytes chain;
    for (int at = 0; at < 31; ++at)
        chain = chain + option(60, 255);
    chain = chain + option(60, 253) + option(6, 10); // the last begins at 65560
    const xt_view view = parse6(60, first(chain, 65535));
    EXPECT_EQ(view.proto, 6);
    EXPECT_EQ(view.thoff, 65535);
    EXPECT_EQ(view.l4_avail, 0U);
}

} // namespace xtbpf

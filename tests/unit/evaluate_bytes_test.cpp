// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/interpreter.hpp"
#include "translator/packet.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace xtbpf {
namespace {

using namespace ir;
using Bytes = std::vector<std::uint8_t>;

Outcome ask(const Predicate& predicate, const Bytes& bytes, Family family = Family::V4) {
    xt_view view = parse_packet(family, bytes).value_or(xt_view{});
    return evaluate(predicate, family, view, bytes, {});
}

// A datagram of 8 bytes: 01 02 03 04 05 06 07 08.
Bytes ip4(Bytes payload = {1, 2, 3, 4, 5, 6, 7, 8}) {
    Bytes bytes{0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    bytes[3] = static_cast<std::uint8_t>(bytes.size());
    return bytes;
}

Bytes ip6(std::uint8_t next, const Bytes& payload) {
    Bytes bytes(40 + payload.size());
    bytes[0] = 0x60;
    bytes[5] = static_cast<std::uint8_t>(payload.size());
    bytes[6] = next;
    std::ranges::copy(payload, bytes.begin() + 40);
    return bytes;
}

TEST(EvaluateBytes, NumbersAreBigEndian) {
    EXPECT_EQ(ask(BytesTest{.offset = 1, .ranges = {{2, 2}}}, ip4()), Outcome::True);
    EXPECT_EQ(ask(BytesTest{.offset = 2, .width = 2, .ranges = {{0x304, 0x304}}}, ip4()), Outcome::True);
    EXPECT_EQ(ask(BytesTest{.width = 4, .ranges = {{0x1020305, ~0U}}}, ip4()), Outcome::False);
    EXPECT_EQ(ask(BytesTest{.width = 4, .mask = 0xFF, .ranges = {{4, 4}}}, ip4()), Outcome::True);
    EXPECT_EQ(ask(BytesTest{.ranges = {{1, 1}}, .invert = true}, ip4()), Outcome::False);
    EXPECT_EQ(ask(BytesTest{.ranges = {{9, 9}}, .unequal = Else::Hotdrop}, ip4()), Outcome::Hotdrop);
}

TEST(EvaluateBytes, WhatIsNotThere) {
    EXPECT_EQ(ask(BytesTest{.offset = 5, .width = 4, .ranges = {{0, ~0U}}}, ip4()), Outcome::Hotdrop);
    EXPECT_EQ(ask(BytesTest{.offset = 8, .ranges = {{0, 255}}, .missing = Else::False}, ip4()), Outcome::False);
    EXPECT_EQ(ask(BytesTest{.offset = 4, .width = 4, .ranges = {{0, ~0U}}}, ip4()), Outcome::True);
}

TEST(EvaluateBytes, Extensions) {
    const Bytes whole = ip6(60, {17, 0, 1, 4, 0, 0, 0, 0, 1, 2, 3, 4, 0, 8, 0, 0}); // destination options, UDP
    const ExtensionTest here{.extension = Extension::Destination, .broken = Else::Hotdrop, .whole = true};
    EXPECT_EQ(ask(here, whole, Family::V6), Outcome::True);
    EXPECT_EQ(ask(ExtensionTest{Extension::Routing, Else::Hotdrop, false}, whole, Family::V6), Outcome::False);
    EXPECT_EQ(ask(BytesTest{.base = Extension::Destination, .offset = 2, .ranges = {{1, 1}}}, whole, Family::V6),
              Outcome::True);
    EXPECT_EQ(ask(here, ip6(60, {17, 5, 1, 4, 0, 0, 0, 0}), Family::V6), Outcome::False); // claims more than there is
    EXPECT_EQ(ask(here, ip6(60, {17}), Family::V6), Outcome::Hotdrop);
    EXPECT_EQ(ask(ExtensionTest{Extension::Fragment, Else::False, false}, ip6(60, {17}), Family::V6), Outcome::False);
}

TEST(EvaluateBytes, LaterFragmentsHideWhatFollows) {
    const Bytes fragment = ip6(44, {60, 0, 0, 8, 0, 0, 0, 1, 17, 0, 1, 4, 0, 0, 0, 0});
    EXPECT_EQ(ask(ExtensionTest{Extension::Fragment, Else::Hotdrop, false}, fragment, Family::V6), Outcome::True);
    EXPECT_EQ(ask(ExtensionTest{Extension::Destination, Else::Hotdrop, false}, fragment, Family::V6), Outcome::False);
    // but not from ipv6header_mt6: fragment, destination options, protocol
    EXPECT_EQ(parse_packet(Family::V6, fragment)->ext_headers, 16 | 64 | 1);
}

TEST(EvaluateBytes, ExtensionHeaderKinds) {
    EXPECT_EQ(parse_packet(Family::V6, ip6(17, {}))->ext_headers, 1);
    EXPECT_EQ(parse_packet(Family::V6, ip6(59, {}))->ext_headers, 2);
    EXPECT_EQ(parse_packet(Family::V6, ip6(50, {0, 0}))->ext_headers, 4);
    EXPECT_EQ(parse_packet(Family::V6, ip6(50, {0}))->ext_headers, XT_EXT_CUT);
    EXPECT_EQ(parse_packet(Family::V6, ip6(60, {59, 0, 0, 0, 0, 0, 0, 0}))->ext_headers, 64 | 2);
    EXPECT_EQ(parse_packet(Family::V6, ip6(60, {59, 9, 0, 0, 0, 0, 0, 0}))->ext_headers, 64); // ends behind the packet
}

TEST(EvaluateBytes, MaximumSegmentSize) {
    const auto tcp = [](Bytes options) {
        Bytes header(20);
        header[12] = static_cast<std::uint8_t>((5 + options.size() / 4) << 4);
        header.insert(header.end(), options.begin(), options.end());
        return ip4(header);
    };
    EXPECT_EQ(ask(TcpMssTest{1460, 1460}, tcp({2, 4, 5, 0xB4})), Outcome::True);
    EXPECT_EQ(ask(TcpMssTest{1460, 1460, true}, tcp({2, 4, 5, 0xB4})), Outcome::False);
    EXPECT_EQ(ask(TcpMssTest{1461, 0xFFFF}, tcp({1, 1, 1, 1, 2, 4, 5, 0xB4})), Outcome::False);
    EXPECT_EQ(ask(TcpMssTest{0, 0xFFFF}, tcp({2, 3, 5, 0xB4})), Outcome::False); // of another length
    EXPECT_EQ(ask(TcpMssTest{0, 0xFFFF, true}, tcp({})), Outcome::True);
    EXPECT_EQ(ask(TcpMssTest{}, ip4()), Outcome::Hotdrop);
    Bytes cut = tcp({2, 4, 5, 0xB4});
    cut.pop_back();
    cut[3] = static_cast<std::uint8_t>(cut.size());
    EXPECT_EQ(ask(TcpMssTest{}, cut), Outcome::Hotdrop);
}

TEST(EvaluateBytes, U32) {
    using Operator = U32Test::Operator;
    const U32Test::One protocol{6, {{Operator::And, 0xFF}}, {{17, 17}}};
    const U32Test::One payload{
        0, {{Operator::ShiftRight, 22}, {Operator::And, 0x3C}, {Operator::At, 4}}, {{0x5060708, 0x5060708}}};
    EXPECT_EQ(ask(U32Test{{protocol, payload}}, ip4()), Outcome::True);
    EXPECT_EQ(ask(U32Test{{protocol, payload}, true}, ip4()), Outcome::False);
    EXPECT_EQ(ask(U32Test{{{25, {}, {{0, ~0U}}}}}, ip4()), Outcome::False); // three bytes are left
    EXPECT_EQ(ask(U32Test{{{24, {}, {{0, ~0U}}}}}, ip4()), Outcome::True);
    EXPECT_EQ(ask(U32Test{{{0, {{Operator::At, ~0U}}, {{0, ~0U}}}}}, ip4()), Outcome::False);
    EXPECT_EQ(ask(U32Test{{{0, {}, {{9, 5}}}}, true}, ip4()), Outcome::True);
}

} // namespace
} // namespace xtbpf

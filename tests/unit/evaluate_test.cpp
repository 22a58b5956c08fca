// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/interpreter.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace xtbpf {

namespace {

using namespace ir;

Outcome ask(const Predicate& predicate, const xt_view& view, Family family = Family::V4,
            std::span<const std::uint8_t> bytes = {}) {
    return evaluate(predicate, family, view, bytes, {});
}

FieldTest test(Field field, std::vector<Range> ranges, bool invert = false, std::uint32_t mask = ~0U) {
    return {.field = field, .mask = mask, .ranges = std::move(ranges), .invert = invert, .gate = {}};
}

InterfaceTest interface(std::string_view name, bool prefix, bool invert = false) {
    InterfaceTest made{.direction = Direction::In, .invert = invert};
    std::memcpy(made.name.data(), name.data(), name.size());
    std::memset(made.mask.data(), 0xff, name.size() + (prefix ? 0 : 1));
    return made;
}

xt_view arriving_at(std::string_view name) {
    xt_view view{};
    std::memcpy(view.in_name, name.data(), name.size());
    return view;
}

// A TCP packet's bytes from its header on, with these options and this data offset in words.
struct TcpPacket {
    xt_view view{};
    std::vector<std::uint8_t> bytes;
    TcpPacket(std::vector<std::uint8_t> options, std::uint8_t words) : bytes(20) {
        bytes.insert(bytes.end(), options.begin(), options.end());
        view.tcp_doff = words;
        view.l4_avail = static_cast<std::uint32_t>(bytes.size());
    }
    Outcome ask(std::uint8_t kind, bool invert = false) const {
        return evaluate(TcpOptionTest{kind, invert}, Family::V4, view, bytes, {});
    }
};

} // namespace

TEST(Evaluate, RangesMasksAndInversion) {
    xt_view view{};
    view.dport = 80;
    view.mark = 0xf5;
    EXPECT_EQ(ask(test(Field::DestinationPort, {{1, 79}, {80, 80}}), view), Outcome::True);
    EXPECT_EQ(ask(test(Field::DestinationPort, {{1, 79}, {81, 90}}), view), Outcome::False);
    EXPECT_EQ(ask(test(Field::DestinationPort, {{80, 90}}, true), view), Outcome::False);
    EXPECT_EQ(ask(test(Field::Mark, {{5, 5}}, false, 0xf), view), Outcome::True);
    EXPECT_EQ(ask(test(Field::Mark, {{5, 5}}, false, 0xff), view), Outcome::False);
}

TEST(Evaluate, AGateAnswersForItsPredicate) {
    FieldTest gated = test(Field::CtMark, {{0, 0}});
    gated.gate = Gate{Field::CtPresent, 1, false};
    xt_view view{};
    EXPECT_EQ(ask(gated, view), Outcome::False);
    gated.gate->otherwise = true;
    gated.invert = true; // the gate's answer isn't inverted
    EXPECT_EQ(ask(gated, view), Outcome::True);
    view.ct_present = 1;
    EXPECT_EQ(ask(gated, view), Outcome::False);
    AddressTest address{.field = AddressField::CtOrigSource, .gate = Gate{Field::CtPresent, 1, false}};
    EXPECT_EQ(ask(address, view), Outcome::True);
    view.ct_present = 0;
    EXPECT_EQ(ask(address, view), Outcome::False);
}

TEST(Evaluate, AnyOfInvertsTheWhole) {
    xt_view view{};
    view.sport = 7;
    const AnyOf any{{test(Field::SourcePort, {{7, 7}}), test(Field::DestinationPort, {{7, 7}})}, false};
    EXPECT_EQ(ask(any, view), Outcome::True);
    EXPECT_EQ(ask(AnyOf{any.tests, true}, view), Outcome::False);
    view.sport = 8;
    EXPECT_EQ(ask(AnyOf{any.tests, true}, view), Outcome::True);
}

TEST(Evaluate, AddressesCompareAs128Bits) {
    xt_view view{};
    view.saddr[0] = 0x20010db8;
    view.saddr[3] = 5;
    const AddressRange range{AddressField::Source, {0x20010db8, 0, 0, 5}, {0x20010db8, 0, 1, 0}, false};
    EXPECT_EQ(ask(range, view), Outcome::True);
    view.saddr[3] = 4;
    EXPECT_EQ(ask(range, view), Outcome::False);
    view.saddr[2] = 1;
    EXPECT_EQ(ask(range, view), Outcome::False);
    view.saddr[3] = 0;
    EXPECT_EQ(ask(range, view), Outcome::True);
    const AddressTest net{
        .field = AddressField::Source, .value = {0x20010000, 0, 0, 0}, .mask = {0xffff0000, 0, 0, 0}, .gate = {}};
    EXPECT_EQ(ask(net, view), Outcome::True);
    view.saddr[0] = 0x20020db8;
    EXPECT_EQ(ask(net, view), Outcome::False);
}

TEST(Evaluate, InterfaceNamesAndPrefixes) {
    EXPECT_EQ(ask(interface("eth1", false), arriving_at("eth1")), Outcome::True);
    EXPECT_EQ(ask(interface("eth1", false), arriving_at("eth10")), Outcome::False);
    EXPECT_EQ(ask(interface("eth1", true), arriving_at("eth10")), Outcome::True);
    EXPECT_EQ(ask(interface("eth1", true), arriving_at("eth")), Outcome::False);
    EXPECT_EQ(ask(interface("eth1", true, true), arriving_at("lo")), Outcome::True);
    EXPECT_EQ(ask(interface("", true), {}), Outcome::True);
    EXPECT_EQ(ask(interface("eth0", false), {}), Outcome::False);
    EXPECT_EQ(ask(interface("123456789012345", false), arriving_at("123456789012345")), Outcome::True);
}

TEST(Evaluate, ABrokenIpv6HeaderIsAHotdropForProtocols) {
    xt_view view{};
    view.proto = 6;
    EXPECT_EQ(ask(ProtocolTest{6}, view, Family::V6), Outcome::True);
    EXPECT_EQ(ask(ProtocolTest{6, true}, view, Family::V6), Outcome::False);
    EXPECT_EQ(ask(ProtocolTest{17, true}, view, Family::V6), Outcome::True);
    view.l4 = XT_L4_BROKEN;
    EXPECT_EQ(ask(ProtocolTest{6}, view, Family::V6), Outcome::Hotdrop);
    EXPECT_EQ(ask(ProtocolTest{17, true}, view, Family::V6), Outcome::Hotdrop);
    EXPECT_EQ(ask(ProtocolTest{6}, view, Family::V4), Outcome::True);
}

TEST(Evaluate, ShortHeadersAreAHotdropAndLaterFragmentsFalse) {
    xt_view view{};
    view.l4_avail = 8;
    EXPECT_EQ(ask(HeaderTest{8}, view), Outcome::True);
    EXPECT_EQ(ask(HeaderTest{9}, view), Outcome::Hotdrop);
    view.frag_off = 2;
    EXPECT_EQ(ask(HeaderTest{9, true}, view), Outcome::False);
    view.frag_off = 1;
    EXPECT_EQ(ask(HeaderTest{9, true}, view), Outcome::Hotdrop);
    EXPECT_EQ(ask(HeaderTest{9, false}, view), Outcome::False);
}

TEST(Evaluate, TcpOptions) {
    const TcpPacket packet({1, 2, 4, 5, 0xb4, 8, 2, 0}, 7);
    EXPECT_EQ(packet.ask(2), Outcome::True);
    EXPECT_EQ(packet.ask(8), Outcome::True);
    EXPECT_EQ(packet.ask(3), Outcome::False);
    EXPECT_EQ(packet.ask(3, true), Outcome::True);
    EXPECT_EQ(packet.ask(2, true), Outcome::False);
    EXPECT_EQ(packet.ask(0), Outcome::True);
}

TEST(Evaluate, TcpOptionsThatAreNotThere) {
    EXPECT_EQ(TcpPacket({}, 5).ask(2), Outcome::False);
    EXPECT_EQ(TcpPacket({}, 5).ask(2, true), Outcome::True);
    EXPECT_EQ(TcpPacket({}, 4).ask(2), Outcome::Hotdrop);
    EXPECT_EQ(TcpPacket({2, 4, 0, 0}, 7).ask(2), Outcome::Hotdrop); // 8 bytes announced, 4 here
    EXPECT_EQ(TcpPacket({2, 4, 0, 0}, 7).ask(2, true), Outcome::Hotdrop);
}

TEST(Evaluate, TcpOptionsWithFalseLengths) {
    EXPECT_EQ(TcpPacket({3, 0, 2, 9}, 6).ask(2), Outcome::True);   // length 0 steps by one
    EXPECT_EQ(TcpPacket({3, 1, 2, 9}, 6).ask(2), Outcome::True);   // so does 1
    EXPECT_EQ(TcpPacket({3, 99, 2, 9}, 6).ask(2), Outcome::False); // behind the end
    EXPECT_EQ(TcpPacket({0, 0, 0, 2}, 6).ask(2), Outcome::True);   // end-of-options ends nothing; no length byte
    EXPECT_EQ(TcpPacket({0, 0, 0, 3}, 6).ask(2), Outcome::False);
}

} // namespace xtbpf

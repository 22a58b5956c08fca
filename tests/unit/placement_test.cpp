// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/placement.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

using namespace ir;

Table table(std::vector<std::vector<Rule>> chains) {
    Table made;
    for (std::vector<Rule>& rules : chains)
        made.chains.push_back({"c" + std::to_string(made.chains.size()), {}, std::move(rules)});
    made.chains[0].builtin = Builtin{Hook::Input};
    return made;
}

ViewNeeds needs_of(Predicate predicate) {
    return view_needs(table({{{{std::move(predicate)}, Accept{}}}}), Hook::Input);
}

Predicate field(Field field) { return FieldTest{.field = field, .ranges = {{1, 1}}, .gate = {}}; }

} // namespace

TEST(Placement, NothingIsNeededForNothing) {
    EXPECT_EQ(view_needs(table({{}}), Hook::Input), ViewNeeds{});
    EXPECT_EQ(needs_of(AddressTest{.field = AddressField::Source, .gate = {}}), ViewNeeds{});
    EXPECT_EQ(needs_of(field(Field::Ttl)), ViewNeeds{});
    EXPECT_EQ(view_needs(table({{{{ProtocolTest{6}}, Accept{}}}}), Hook::Output), ViewNeeds{});
}

TEST(Placement, EachPredicateAsksForItsPart) {
    EXPECT_TRUE(needs_of(ProtocolTest{6}).transport);
    EXPECT_TRUE(needs_of(HeaderTest{8}).transport);
    EXPECT_TRUE(needs_of(TcpOptionTest{2}).tcp_options);
    EXPECT_TRUE(needs_of(AnyOf{{FieldTest{.field = Field::SourcePort, .ranges = {}, .gate = {}}}, false}).transport);
    EXPECT_TRUE(needs_of(InterfaceTest{.direction = Direction::In}).in_name);
    EXPECT_FALSE(needs_of(InterfaceTest{.direction = Direction::In}).out_name);
    EXPECT_TRUE(needs_of(field(Field::PacketType)).packet_type);
    EXPECT_TRUE(needs_of(field(Field::MacSourceLow)).mac);
    EXPECT_TRUE(needs_of(field(Field::Uid)).owner);
    EXPECT_TRUE(needs_of(field(Field::CtState)).conntrack);
    EXPECT_FALSE(needs_of(field(Field::CtState)).conntrack_tuples);
    EXPECT_TRUE(needs_of(field(Field::CtExpires)).conntrack_expiry);
    EXPECT_TRUE(needs_of(AddressRange{.field = AddressField::CtReplySource}).conntrack_tuples);
    EXPECT_TRUE(needs_of(FieldTest{.field = Field::Mark, .ranges = {}, .gate = Gate{Field::CtPresent}}).conntrack);
    EXPECT_TRUE(needs_of(LimitTest{}).limits);
    EXPECT_TRUE(needs_of(KernelMatch{}).kernel_matches);
}

TEST(Placement, OnlyReachableRulesAskForTheView) {
    const Table dead = table({{{{}, Jump{1}}, {{}, Drop{}}, {{field(Field::Uid)}, Accept{}}},
                              {{{field(Field::PacketType)}, HandOff{LogEffect{}}}},
                              {{{field(Field::CtState)}, Accept{}}}});
    ViewNeeds expected;
    expected.packet_type = expected.effects = true;
    EXPECT_EQ(view_needs(dead, Hook::Input), expected);
    EXPECT_TRUE(needs_conntrack(dead)); // the kernel's checkentry sees every rule
    EXPECT_FALSE(needs_conntrack(table({{{{field(Field::Uid)}, Accept{}}}})));
}

} // namespace xtbpf

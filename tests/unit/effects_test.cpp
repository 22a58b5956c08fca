// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/chains.hpp"
#include "translator/effects.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

using namespace ir;

const Predicate kAsk = KernelMatch{"addrtype", 1, {}};
const Predicate kTcp = ProtocolTest{6};
const Action kReject = HandOff{RejectEffect{}};
const Action kLog = HandOff{LogEffect{"x", 4, 0}};

Table table(std::vector<std::vector<Rule>> chains) {
    Table made;
    for (std::vector<Rule>& rules : chains)
        made.chains.push_back({"c" + std::to_string(made.chains.size()), {}, std::move(rules)});
    made.chains[0].builtin = Builtin{Hook::Input};
    return made;
}

std::uint32_t stops_of(std::vector<std::vector<Rule>> chains) {
    return hook_needs(table(std::move(chains)), Hook::Input).stops;
}

} // namespace

TEST(Effects, NumbersAreInOrderOfTheWalkAndShared) {
    const HookNeeds needs = hook_needs(table({{{{}, Jump{1}}, {{kTcp}, kReject}, {{}, kLog}},
                                              {{{kAsk}, kLog}, {{}, Jump{2}}},
                                              {{{}, HandOff{RejectEffect{true, 0}}}},
                                              {{{kAsk}, HandOff{RejectEffect{false, 9}}}}}), // not reachable
                                       Hook::Input);
    ASSERT_EQ(needs.effects.size(), 3U);
    EXPECT_EQ(effect_number(needs, LogEffect{"x", 4, 0}), 0U);
    EXPECT_EQ(effect_number(needs, RejectEffect{true, 0}), 1U);
    EXPECT_EQ(effect_number(needs, RejectEffect{}), 2U);
    EXPECT_EQ(needs.kernel_matches.size(), 1U);
}

TEST(Effects, AHookWithoutAChainNeedsNothing) {
    const HookNeeds needs = hook_needs(table({{{{kAsk}, kReject}}}), Hook::Output);
    EXPECT_TRUE(needs.effects.empty());
    EXPECT_EQ(needs.stops, 0U);
}

TEST(Effects, StopsAreThoseOfTheCostliestPath) {
    EXPECT_EQ(stops_of({{{{kTcp}, Accept{}}}}), 0U);
    EXPECT_EQ(stops_of({{{{kAsk, kAsk}, Accept{}}, {{kAsk}, Accept{}}}}),
              3U); // the first may fail at its second question
    EXPECT_EQ(stops_of({{{{}, Accept{}}, {{kAsk}, Accept{}}}}), 0U);
    EXPECT_EQ(stops_of({{{{kTcp}, kReject}, {{kAsk}, kLog}}}), 1U);
    EXPECT_EQ(stops_of({{{{}, kReject}, {{kAsk}, kLog}}}), 0U);
}

TEST(Effects, StopsThroughChains) {
    // jumped to and returned from: both sides; an unconditional drop below: only its side
    EXPECT_EQ(stops_of({{{{}, Jump{1}}, {{kAsk}, Accept{}}}, {{{kAsk}, Accept{}}}}), 2U);
    EXPECT_EQ(stops_of({{{{}, Jump{1}}, {{kAsk}, Accept{}}, {{kAsk}, Accept{}}}, {{{kAsk}, Accept{}}, {{}, Drop{}}}}),
              1U);
    EXPECT_EQ(stops_of({{{{}, Jump{1, true}}, {{kAsk}, Accept{}}}, {{{kAsk}, Accept{}}}}), 1U);
    EXPECT_EQ(stops_of({{{{kTcp}, Jump{1, true}}, {{kAsk}, Accept{}}, {{kAsk}, Accept{}}}, {{{kAsk}, Accept{}}}}), 2U);
    EXPECT_EQ(stops_of({{{{}, Jump{1}}, {{}, Jump{1}}, {{}, Jump{1}}}, {{{kAsk}, Continue{}}}}),
              3U); // asked each time
}

TEST(Effects, StopsOfManyPathsDoNotTakeForEver) {
    std::vector<std::vector<Rule>> chains(64);
    for (std::uint32_t at = 0; at + 1 < chains.size(); ++at)
        chains[at] = {{{}, Jump{at + 1}}, {{kAsk}, Jump{at + 1}}, {{}, Jump{at + 1}}};
    chains.back() = {{{kAsk}, Return{}}};
    EXPECT_GT(stops_of(std::move(chains)), 64U); // as many as there are paths; no longer counted
}

TEST(Effects, OneStopsTheTraversalWhereItsWorkIsRead) {
    const Effect mark = KernelTarget{.name = "MARK", .info = {1}, .writes = touched(Touch::Mark)};
    const Predicate reads_mark = FieldTest{.field = Field::Mark, .ranges = {{1, 1}}};
    EXPECT_EQ(stops_of({{{{kTcp}, HandOff{mark}}}}), 0U);
    EXPECT_EQ(stops_of({{{{kTcp}, HandOff{mark}}, {{reads_mark}, Drop{}}}}), 1U);
    EXPECT_EQ(stops_of({{{{reads_mark}, Jump{1}}}, {{{}, HandOff{mark}}, {{}, HandOff{mark}}}}),
              2U); // what is read before, too
    EXPECT_EQ(stops_of({{{{reads_mark}, kLog}, {{}, HandOff{TtlEffect{}}}}}), 0U);
    Effect waits = mark;
    std::get<KernelTarget>(waits).after = After::Waits;
    EXPECT_EQ(stops_of({{{{kTcp}, HandOff{waits}}}}), 1U);
    EXPECT_EQ(stops_of({{{{reads_mark}, HandOff{NatEffect{}}}}}), 0U);
}

TEST(Chains, OrderPutsCalleesFirst) {
    const Table straight = table({{{{}, Jump{2}}, {{}, Jump{1}}}, {{{}, Jump{2, true}}}, {}, {}});
    EXPECT_EQ(chain_order(straight, 0).entered, (std::vector<std::uint32_t>{0, 2, 1}));
    EXPECT_EQ(chain_order(straight, 0).callees_first, (std::vector<std::uint32_t>{2, 1, 0}));
}

TEST(Chains, NothingIsFollowedBehindTheEndOfAChain) {
    const auto entered = [](const Table& one) { return live_chain_order(one, 0).entered; };
    const Table dead = table({{{{}, Drop{}}, {{}, Jump{1}}}, {}});
    EXPECT_EQ(chain_order(dead, 0).entered, (std::vector<std::uint32_t>{0, 1}));
    EXPECT_EQ(entered(dead), (std::vector<std::uint32_t>{0}));
    const Table rejects = table({{{{}, kReject}, {{}, Jump{1}}}, {}}); // not a verdict of its own
    EXPECT_EQ(entered(rejects), (std::vector<std::uint32_t>{0, 1}));
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/random_ir.hpp"
#include "translator/early_plan.hpp"
#include "translator/interpreter.hpp"
#include "translator/knowable.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

using namespace ir;

const Predicate kKnown = ProtocolTest{6};
const Predicate kUnknown = FieldTest{.field = Field::CtState, .ranges = {{2, 2}}, .gate = {}};
const Predicate kLimit = LimitTest{200, 5, 0};

// Rules of one built-in chain.
Table table(TableId id, Hook hook, std::vector<Rule> rules, bool accept = true) {
    return {Family::V4, id, {{std::string(name(hook)), Builtin{hook, accept, 99}, std::move(rules)}}};
}

struct Fate {
    enum Kind : std::uint8_t { Drops, Accepts, Defers } kind;
    std::vector<Slot> path; // of what was decided
    bool operator==(const Fate&) const = default;
};

// What an early program makes of the packet in one chain.
Fate early_fate(const Table& known, Hook hook, const testing::Packet& packet) {
    const Trace trace = interpret(known, hook, packet.view, packet.bytes);
    if (trace.hotdrop || !trace.effects.empty()) return {Fate::Defers, {}};
    return {trace.accept ? Fate::Accepts : Fate::Drops, trace.path};
}

// Other values for all that can't be known at ingress.
void scramble_unknown(testing::Random& random, xt_view& view) {
    view.mark = random.word();
    view.owner = static_cast<std::uint8_t>(random.below(3));
    view.uid = random.below(40);
    view.gid = random.below(40);
    view.ct_present = static_cast<std::uint8_t>(random.below(2));
    view.ct_dir = static_cast<std::uint8_t>(random.below(2));
    view.ct_proto = static_cast<std::uint8_t>(random.below(20));
    view.ct_state = 1U << random.below(8);
    view.ct_status = random.word();
    view.ct_mark = random.below(17);
    view.ct_expires = random.below(200);
    for (std::uint32_t& word : view.ct_orig_src)
        word = random.word();
    view.ct_orig_dport = static_cast<std::uint16_t>(random.below(100));
}

} // namespace

TEST(Knowable, WhatIngressTells) {
    const auto asked = [](Field field, Hook hook) {
        return knowable(FieldTest{.field = field, .ranges = {}, .gate = {}}, hook);
    };
    EXPECT_TRUE(asked(Field::DestinationPort, Hook::Prerouting));
    EXPECT_FALSE(asked(Field::DestinationPort, Hook::Output));
    EXPECT_TRUE(asked(Field::Ttl, Hook::Input));
    EXPECT_TRUE(asked(Field::Ttl, Hook::Forward));
    for (Field field : {Field::Mark, Field::CtState, Field::CtPresent, Field::Owner, Field::Uid})
        EXPECT_FALSE(asked(field, Hook::Prerouting)) << layout(field).name;
    EXPECT_TRUE(knowable(InterfaceTest{.direction = Direction::In}, Hook::Forward));
    EXPECT_TRUE(knowable(InterfaceTest{.direction = Direction::Out}, Hook::Input)); // there is none
    EXPECT_TRUE(knowable(InterfaceTest{.direction = Direction::Out}, Hook::Forward));
    EXPECT_FALSE(knowable(AddressTest{.field = AddressField::CtOrigSource, .gate = {}}, Hook::Input));
    EXPECT_FALSE(knowable(AddressTest{.field = AddressField::Source, .gate = Gate{Field::CtPresent}}, Hook::Input));
    EXPECT_FALSE(knowable(AnyOf{{std::get<FieldTest>(kUnknown)}, false}, Hook::Input));
    EXPECT_FALSE(knowable(kLimit, Hook::Input));
    EXPECT_FALSE(knowable(KernelMatch{}, Hook::Input));
}

TEST(Knowable, UnknownPredicatesBecomeDeferrals) {
    const Table known = defer_unknown(table(TableId::Raw, Hook::Prerouting,
                                            {{{kUnknown, kKnown}, Drop{}, 1},
                                             {{kKnown, kLimit, kKnown}, Drop{}, 2},
                                             {{kKnown}, HandOff{LogEffect{}}, 3}}),
                                      Hook::Prerouting);
    EXPECT_EQ(dump(known),
              "table ipv4 raw\nchain PREROUTING policy accept [99]\n"
              "  [1] -p=6 -> reject(icmp=3)\n  [2] -p=6 -> reject(icmp=3)\n  [3] -p=6 -> reject(icmp=3)\n");
}

TEST(EarlyPlan, ABlocklistInRawPays) {
    const EarlyPlan plan = early_plan(std::vector{table(TableId::Raw, Hook::Prerouting, {{{kKnown}, Drop{}, 1}})});
    EXPECT_EQ(plan.prerouting, (std::vector<EarlyStep>{{TableId::Raw, Hook::Prerouting, true, false}}));
    EXPECT_TRUE(plan.pays());
    EXPECT_FALSE(plan.needs_route());
    EXPECT_TRUE(plan.complete);
}

TEST(EarlyPlan, NothingToDropDoesNotPay) {
    EXPECT_FALSE(early_plan({}).pays());
    EXPECT_FALSE(early_plan(std::vector{table(TableId::Raw, Hook::Prerouting, {{{kKnown}, Accept{}, 1}})}).pays());
    EXPECT_FALSE(early_plan(std::vector{table(TableId::Filter, Hook::Output, {}, false)}).pays());
}

TEST(EarlyPlan, AStatefulHeadEndsTheWalk) {
    const Rule established{{kUnknown}, Accept{}, 1}, local{{kKnown}, Accept{}, 2}, block{{kKnown}, Drop{}, 3};
    EXPECT_FALSE(
        early_plan(std::vector{table(TableId::Filter, Hook::Input, {local, established, block}, false)}).pays());
    EXPECT_TRUE(early_plan(std::vector{table(TableId::Filter, Hook::Input, {block, established}, false)}).pays());
    EXPECT_FALSE(
        early_plan(std::vector{table(TableId::Filter, Hook::Input, {{{kUnknown, kKnown}, Accept{}, 1}, block})})
            .complete);
    EXPECT_TRUE(early_plan(std::vector{table(TableId::Filter, Hook::Input, {{{kUnknown, kKnown}, Accept{}, 1}, block})})
                    .pays());
}

// Of a host that forwards nothing: whatever comes in would be asked for its route.
TEST(EarlyPlan, AForwardPolicyAlonePaysOnlyBesideInput) {
    Table filter = table(TableId::Filter, Hook::Input, {{{kUnknown}, Accept{}, 0}}, false);
    filter.chains.push_back({"FORWARD", Builtin{Hook::Forward, false, 98}, {}});
    EXPECT_FALSE(early_plan(std::vector{filter}).pays());
    filter.chains[1].rules = {{{kKnown}, Drop{}, 1}};
    EXPECT_EQ(early_plan(std::vector{filter}).forward.size(), 1);
    filter.chains[1].rules.clear();
    filter.chains[0].rules = {{{kKnown}, Drop{}, 0}};
    const EarlyPlan both = early_plan(std::vector{filter});
    EXPECT_EQ(both.input.size(), 1);
    EXPECT_EQ(both.forward.size(), 1);
}

TEST(EarlyPlan, StepsBeforeADropAreWalkedToo) {
    const std::vector tables{table(TableId::Filter, Hook::Input, {{{kKnown}, Drop{}, 1}}),
                             table(TableId::Mangle, Hook::Prerouting, {}), table(TableId::Raw, Hook::Prerouting, {}),
                             table(TableId::Security, Hook::Input, {})};
    const EarlyPlan plan = early_plan(tables);
    EXPECT_EQ(plan.prerouting,
              (std::vector<EarlyStep>{{TableId::Raw, Hook::Prerouting}, {TableId::Mangle, Hook::Prerouting}}));
    EXPECT_EQ(plan.input, (std::vector<EarlyStep>{{TableId::Filter, Hook::Input, true, false}}));
    EXPECT_TRUE(plan.forward.empty());
    EXPECT_TRUE(plan.needs_route());
}

TEST(EarlyPlan, NatRulesKeepTheWalkOnThisSide) {
    std::vector tables{table(TableId::Filter, Hook::Input, {}, false), table(TableId::Nat, Hook::Prerouting, {})};
    EXPECT_TRUE(early_plan(tables).pays());
    tables[1].chains[0].rules.push_back({{kKnown}, Continue{}, 1});
    EXPECT_FALSE(early_plan(tables).pays());
}

TEST(EarlyPlan, PruningKeepsWhatADropNeeds) {
    const Table pruned = prune_for_early(
        table(TableId::Raw, Hook::Prerouting,
              {{{kKnown}, Accept{}, 1}, {{kKnown}, Drop{}, 2}, {{kKnown}, Continue{}, 3}, {{kKnown}, Accept{}, 4}}),
        Hook::Prerouting, false);
    EXPECT_EQ(dump(pruned), "table ipv4 raw\nchain PREROUTING policy accept [99]\n"
                            "  [1] -p=6 -> accept\n  [2] -p=6 -> drop\n  [3] -> reject(icmp=3)\n");
    const Table head = prune_for_early(
        table(TableId::Raw, Hook::Prerouting, {{{kKnown}, Drop{}, 1}, {{kUnknown}, Accept{}, 2}, {{}, Drop{}, 3}}),
        Hook::Prerouting, true);
    EXPECT_EQ(dump(head),
              "table ipv4 raw\nchain PREROUTING policy accept [99]\n  [1] -p=6 -> drop\n  [2] -> reject(icmp=3)\n");
}

// An early DROP is the exact stage's DROP with the same path, whatever the unknown is, and asks nothing that has a
// state.
TEST(EarlyPlan, EarlyDropsAreExactWhateverIsUnknown) {
    std::size_t drops = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        testing::Random random(seed);
        const Hook hook = hooks_of(TableId::Mangle)[seed % 3];
        const Table table = testing::random_table(random, seed % 2 ? Family::V6 : Family::V4, TableId::Mangle);
        const Table known = defer_unknown(table, hook);
        for (int count = 0; count < 60; ++count) {
            testing::Packet packet = testing::random_packet(random, table, hook);
            const Fate fate = early_fate(known, hook, packet);
            if (fate.kind == Fate::Defers) continue;
            drops += fate.kind == Fate::Drops;
            bool asked = false;
            const Environment env{.kernel_match = [&](const KernelMatch&) { return asked = true; },
                                  .limit = [&](const LimitTest&) { return asked = true; },
                                  .count = [&](const CountTest&) { return asked = true; },
                                  .lazy_field = [&](Field) { return random.below(3); }};
            for (int again = 0; again < 5; ++again) {
                const Trace exact = interpret(table, hook, packet.view, packet.bytes, env);
                ASSERT_EQ(exact.accept, fate.kind == Fate::Accepts) << dump(table);
                ASSERT_EQ(exact.path, fate.path) << dump(table);
                ASSERT_TRUE(exact.effects.empty());
                scramble_unknown(random, packet.view);
            }
            ASSERT_FALSE(asked) << dump(table);
        }
    }
    EXPECT_GT(drops, 500U);
}

TEST(EarlyPlan, PruningChangesNoDropAndNoAcceptThatMatters) {
    std::size_t drops = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        testing::Random random(seed);
        const Hook hook = hooks_of(TableId::Mangle)[seed % 3];
        const Table table = testing::random_table(random, Family::V4, TableId::Mangle);
        const Table known = defer_unknown(table, hook);
        const Table pruned = prune_for_early(table, hook, false), for_more = prune_for_early(table, hook, true);
        bool planned = false;
        const EarlyPlan plan = early_plan(std::vector{table});
        for (const std::vector<EarlyStep>& leg : {plan.prerouting, plan.input, plan.forward})
            for (const EarlyStep& step : leg)
                planned |= step.hook == hook && step.drops;
        for (int count = 0; count < 60; ++count) {
            const testing::Packet packet = testing::random_packet(random, table, hook);
            const Fate whole = early_fate(known, hook, packet);
            ASSERT_EQ(early_fate(for_more, hook, packet), whole) << dump(known) << dump(for_more);
            const Fate less = early_fate(pruned, hook, packet);
            const bool drop = whole.kind == Fate::Drops;
            ASSERT_TRUE(drop ? less == whole : less.kind != Fate::Drops) << dump(known) << dump(pruned);
            ASSERT_TRUE(planned || !drop || hook != Hook::Prerouting) << dump(known);
            drops += whole.kind == Fate::Drops;
        }
    }
    EXPECT_GT(drops, 500U);
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/accounts.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

StoredTable table_of(std::size_t rules) {
    StoredTable table;
    table.chains.push_back({.name = "INPUT", .accept = true, .account = {}, .rules = std::vector<StoredRule>(rules)});
    table.chains.push_back({.name = "web", .accept = std::nullopt, .account = {}, .rules = {}});
    return table;
}

ir::Table program_of(const StoredTable& table) {
    ir::Table program;
    for (const StoredChain& chain : table.chains) {
        ir::Chain& copy = program.chains.emplace_back();
        copy.name = chain.name;
        if (chain.accept) copy.builtin = ir::Builtin{.hook = Hook::Input};
        copy.rules.resize(chain.rules.size());
    }
    return program;
}

} // namespace

TEST(Accounts, EverythingGetsASlot) {
    auto next = table_of(3);
    auto program = program_of(next);
    const auto assigned = assign_accounts(next, program, nullptr);
    ASSERT_TRUE(assigned);
    EXPECT_EQ(assigned->slots, 4U);
    EXPECT_EQ(assigned->states, 0U);
    EXPECT_EQ(program.chains[0].builtin->slot, 0U);
    EXPECT_EQ(program.chains[0].rules[2].slot, 3U);
    EXPECT_TRUE(next.chains[0].rules[2].account.set);
    EXPECT_EQ(next.chains[1].account.slot, kNoSlot);
}

TEST(Accounts, AFreedSlotIsGivenOutOnlyLater) {
    auto first = table_of(2);
    auto program = program_of(first);
    ASSERT_TRUE(assign_accounts(first, program, nullptr));

    auto second = first;
    second.chains[0].rules.erase(second.chains[0].rules.begin()); // frees slot 1
    second.chains[0].rules.emplace_back();
    program = program_of(second);
    ASSERT_TRUE(assign_accounts(second, program, &first));
    EXPECT_EQ(program.chains[0].rules[0].slot, 2U);
    EXPECT_EQ(program.chains[0].rules[1].slot, 3U);

    auto third = second;
    third.chains[0].rules.emplace_back();
    program = program_of(third);
    ASSERT_TRUE(assign_accounts(third, program, &second));
    EXPECT_EQ(program.chains[0].rules[2].slot, 1U);
}

TEST(Accounts, ACopiedRuleGetsItsOwnSlot) {
    auto first = table_of(1);
    auto program = program_of(first);
    ASSERT_TRUE(assign_accounts(first, program, nullptr));
    auto second = first;
    second.chains[0].rules.push_back(second.chains[0].rules[0]);
    program = program_of(second);
    ASSERT_TRUE(assign_accounts(second, program, &first));
    EXPECT_EQ(program.chains[0].rules[0].slot, 1U);
    EXPECT_EQ(program.chains[0].rules[1].slot, 2U);
    EXPECT_TRUE(second.chains[0].rules[1].account.set);
}

TEST(Accounts, ASlotThatIsNotInForceIsNotKept) {
    auto next = table_of(1);
    next.chains[0].rules[0].account.slot = 4000000000U;
    auto program = program_of(next);
    ASSERT_TRUE(assign_accounts(next, program, nullptr));
    EXPECT_EQ(program.chains[0].rules[0].slot, 1U);
}

TEST(Accounts, LimitsGetStatesInARow) {
    auto first = table_of(3);
    auto program = program_of(first);
    program.chains[0].rules[0].predicates = {ir::LimitTest{}};
    program.chains[0].rules[2].predicates = {ir::LimitTest{}, ir::ProtocolTest{.protocol = 6}, ir::LimitTest{}};
    auto assigned = assign_accounts(first, program, nullptr);
    ASSERT_TRUE(assigned);
    EXPECT_EQ(assigned->states, 3U);
    EXPECT_EQ(assigned->new_states, (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(std::get<ir::LimitTest>(program.chains[0].rules[2].predicates[2]).state, 2U);
    EXPECT_EQ(first.chains[0].rules[1].account.states, 0U);

    auto second = first; // the second rule gets two limits, the third loses one
    program.chains[0].rules[1].predicates = {ir::LimitTest{}, ir::LimitTest{}};
    program.chains[0].rules[2].predicates.pop_back();
    assigned = assign_accounts(second, program, &first);
    ASSERT_TRUE(assigned);
    EXPECT_EQ(std::get<ir::LimitTest>(program.chains[0].rules[0].predicates[0]).state, 0U);
    EXPECT_EQ(std::get<ir::LimitTest>(program.chains[0].rules[1].predicates[1]).state, 4U);
    EXPECT_EQ(std::get<ir::LimitTest>(program.chains[0].rules[2].predicates[0]).state, 5U);
    EXPECT_EQ(assigned->new_states, (std::vector<std::uint32_t>{3, 4, 5}));
}

TEST(Accounts, AnotherShapeIsRefused) {
    auto next = table_of(1);
    auto program = program_of(table_of(2));
    EXPECT_FALSE(assign_accounts(next, program, nullptr));
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/runs.hpp"

#include <gtest/gtest.h>

namespace xtbpf::codegen {

namespace {

using namespace ir;

Predicate host(std::uint32_t address) {
    return AddressTest{.field = AddressField::Source, .value = {address}, .mask = {~0U}, .gate = {}};
}
Predicate port(std::uint32_t value) { return FieldTest{.field = Field::DestinationPort, .ranges = {{value, value}}}; }
const Predicate kTcp = ProtocolTest{6};
const Predicate kHeader = HeaderTest{20, true};

std::vector<Rule> rules(std::size_t count, const std::function<std::vector<Predicate>(std::uint32_t)>& predicates) {
    std::vector<Rule> made;
    for (std::uint32_t at = 0; at < count; ++at)
        made.push_back({predicates(at), Drop{}, at});
    return made;
}

std::optional<Run> run(const std::vector<Rule>& of, const Knowable& knowable = {}) {
    return leading_run(of, Family::V4, knowable);
}

} // namespace

TEST(Runs, AValueAnywhereAmongPureTests) {
    const auto of = rules(10, [](std::uint32_t at) {
        return at % 2 ? std::vector{host(100 - at / 3), kTcp} : std::vector{kTcp, host(100 - at / 3), kHeader};
    });
    const auto found = run(of);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->rules, 10U);
    EXPECT_EQ(found->prefix, 0U);
    for (std::size_t at = 1; at < found->members.size(); ++at) { // by value, then in the rules' order
        EXPECT_LE(found->members[at - 1].value, found->members[at].value);
        if (found->members[at - 1].value == found->members[at].value) {
            EXPECT_LT(found->members[at - 1].rule, found->members[at].rule);
        }
    }
}

TEST(Runs, BehindATestThatMayDropOnlyIfAllBeginAlike) {
    const auto alike = rules(10, [](std::uint32_t at) { return std::vector{kTcp, kHeader, port(at)}; });
    ASSERT_TRUE(run(alike));
    EXPECT_EQ(run(alike)->prefix, 2U);
    EXPECT_FALSE(run(rules(10, [](std::uint32_t at) {
        return std::vector<Predicate>{ProtocolTest{std::uint8_t(at % 2 ? 6 : 17)}, kHeader, port(at)};
    })));
}

TEST(Runs, EndWhereARuleWantsSomethingElse) {
    auto of = rules(12, [](std::uint32_t at) { return std::vector{host(at)}; });
    of[9].predicates = {kTcp};
    EXPECT_EQ(run(of)->rules, 9U);
    of[5].predicates = {Predicate{LimitTest{1, 1, 0}}, host(5)}; // a token taken or not: the order matters
    EXPECT_FALSE(run(of)) << "too short";
}

TEST(Runs, NotOnWhatIsInvertedRangedMaskedGatedOrUnknown) {
    const auto none = [](const Predicate& predicate) {
        return !run(rules(10, [&](std::uint32_t) { return std::vector{predicate}; }));
    };
    EXPECT_TRUE(none(FieldTest{.field = Field::Mark, .ranges = {{1, 1}}, .invert = true}));
    EXPECT_TRUE(none(FieldTest{.field = Field::Mark, .ranges = {{1, 2}}}));
    EXPECT_TRUE(none(FieldTest{.field = Field::Mark, .ranges = {{1, 1}, {3, 3}}}));
    EXPECT_TRUE(none(FieldTest{.field = Field::Mark, .mask = 1, .ranges = {{1, 1}}}));
    EXPECT_TRUE(none(FieldTest{.field = Field::CtMark, .ranges = {{1, 1}}, .gate = Gate{Field::CtPresent}}));
    EXPECT_TRUE(
        none(AddressTest{.field = AddressField::Source, .value = {1}, .mask = {~0U}, .invert = true, .gate = {}}));
    const auto of = rules(10, [](std::uint32_t at) { return std::vector{host(at)}; });
    EXPECT_FALSE(run(of, [](const Predicate&) { return false; }));
}

} // namespace xtbpf::codegen

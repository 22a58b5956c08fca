// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/interpreter.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

using namespace ir;

constexpr Slot kPolicy = 100;

// A filter table with INPUT (policy DROP) and user chains; jumps name chains by index, INPUT is 0.
Table table(std::vector<std::vector<Rule>> chains, bool accept = false) {
    Table made;
    for (std::vector<Rule>& rules : chains) {
        const bool first = made.chains.empty();
        made.chains.push_back({first ? "INPUT" : "c" + std::to_string(made.chains.size()), {}, std::move(rules)});
    }
    made.chains[0].builtin = Builtin{Hook::Input, accept, kPolicy};
    return made;
}

Rule rule(Slot slot, Action action, std::vector<Predicate> predicates = {}) {
    return {std::move(predicates), std::move(action), slot};
}

Predicate never() { return FieldTest{.field = Field::Proto, .ranges = {{255, 255}}, .gate = {}}; }

Trace run(const Table& rules, const xt_view& view = {}, std::span<const std::uint8_t> bytes = {},
          const Environment& env = {}) {
    return interpret(rules, Hook::Input, view, bytes, env);
}

using Path = std::vector<Slot>;

} // namespace

TEST(Interpreter, PolicyDecidesAndCounts) {
    const Trace dropped = run(table({{}}));
    EXPECT_FALSE(dropped.accept);
    EXPECT_EQ(dropped.path, Path{kPolicy});
    EXPECT_TRUE(run(table({{}}, true)).accept);
}

TEST(Interpreter, AChainThatIsNotThereAccepts) { EXPECT_TRUE(interpret(table({{}}), Hook::Forward, {}, {}).accept); }

TEST(Interpreter, RulesWithoutTargetCountAndGoOn) {
    const Trace trace =
        run(table({{rule(1, Continue{}), rule(2, Drop{}, {never()}), rule(3, Accept{}), rule(4, Drop{})}}));
    EXPECT_TRUE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, 3}));
}

TEST(Interpreter, JumpReturnsByChainEndAndByReturn) {
    const Trace trace = run(table({{rule(1, Jump{1}), rule(2, Jump{2}), rule(3, Accept{})},
                                   {rule(4, Continue{})},
                                   {rule(5, Return{}), rule(6, Drop{})}}));
    EXPECT_TRUE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, 4, 2, 5, 3}));
}

TEST(Interpreter, ReturnInABuiltinChainIsThePolicy) {
    const Trace trace = run(table({{rule(1, Return{}), rule(2, Accept{})}}));
    EXPECT_FALSE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, kPolicy}));
}

TEST(Interpreter, GotoReturnsToTheCallersCaller) {
    const Trace trace = run(table(
        {{rule(1, Jump{1}), rule(2, Accept{})}, {rule(3, Jump{2, true}), rule(4, Drop{})}, {rule(5, Continue{})}}));
    EXPECT_TRUE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, 3, 5, 2}));
}

TEST(Interpreter, GotoFromABuiltinChainEndsInThePolicy) {
    const Trace trace = run(table({{rule(1, Jump{1, true}), rule(2, Accept{})}, {rule(3, Return{})}}));
    EXPECT_FALSE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, 3, kPolicy}));
}

TEST(Interpreter, NestsAsDeepAsThereAreChains) {
    constexpr std::uint32_t depth = 20000;
    std::vector<std::vector<Rule>> chains(depth);
    for (std::uint32_t at = 0; at + 1 < depth; ++at)
        chains[at].push_back(rule(at + 1000, Jump{at + 1}));
    chains[0].push_back(rule(1, Accept{}));
    const Trace trace = run(table(std::move(chains)));
    EXPECT_TRUE(trace.accept);
    EXPECT_EQ(trace.path.size(), depth);
    EXPECT_EQ(trace.path.back(), 1U);
}

TEST(Interpreter, ALoopEndsInADrop) {
    EXPECT_FALSE(run(table({{rule(1, Jump{1})}, {rule(2, Jump{1})}}, true)).accept);
    EXPECT_FALSE(run(table({{rule(1, Jump{1})}, {rule(2, Jump{1, true})}}, true)).accept);
}

TEST(Interpreter, RejectDropsAndLogGoesOn) {
    const Trace trace = run(table({{rule(1, HandOff{LogEffect{"a", 4, 0}}), rule(2, HandOff{LogEffect{"a", 4, 0}}),
                                    rule(3, HandOff{RejectEffect{false, 1}}), rule(4, Accept{})}}));
    EXPECT_FALSE(trace.accept);
    EXPECT_EQ(trace.path, (Path{1, 2, 3}));
    EXPECT_EQ(trace.effects, (std::vector<std::uint32_t>{0, 0, 1}));
}

TEST(Interpreter, HotdropCountsNeitherRuleNorPolicy) {
    xt_view view{};
    view.l4_avail = 19;
    const Trace trace =
        run(table({{rule(1, Jump{1})}, {rule(2, Continue{}), rule(3, Accept{}, {HeaderTest{20}}), rule(4, Accept{})}},
                  true),
            view);
    EXPECT_FALSE(trace.accept);
    EXPECT_TRUE(trace.hotdrop);
    EXPECT_EQ(trace.path, (Path{1, 2}));
}

TEST(Interpreter, PredicatesStopAtTheFirstFalseOne) {
    EXPECT_TRUE(run(table({{rule(1, Drop{}, {never(), HeaderTest{20}})}}, true)).accept);
    int asked = 0;
    const Environment env{.kernel_match = [&](const KernelMatch&) { return ++asked > 0; },
                          .limit = [](const LimitTest&) { return false; },
                          .count = {},
                          .lazy_field = {}};
    run(table({{rule(1, Drop{}, {never(), KernelMatch{}}), rule(2, Drop{}, {LimitTest{}, KernelMatch{}})}}), {}, {},
        env);
    EXPECT_EQ(asked, 0);
    const Trace trace = run(table({{rule(1, Accept{}, {KernelMatch{}})}}), {}, {}, env);
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(trace.accept);
}

} // namespace xtbpf

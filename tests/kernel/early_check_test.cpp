// SPDX-License-Identifier: GPL-2.0-or-later
// Dry runs of the early stage's programs: they say what they drop, as the rules do, and count nothing; a program made of other
// rules is found out.
#include "datapath/counters.hpp"
#include "datapath/early_check.hpp"
#include "datapath/early_load.hpp"
#include "datapath/early_program.hpp"
#include "tests/kernel/scratch_namespace.hpp"
#include "translator/early_walk.hpp"

#include <cstring>

namespace xtbpf::early {

namespace {

constexpr std::size_t kProbes = 200;

ir::Rule drop_port(std::uint16_t port, ir::Slot slot) {
    return {
        {ir::FieldTest{.field = ir::Field::DestinationPort, .ranges = {{port, port}}, .gate = {}}}, ir::Drop{}, slot};
}

std::vector<ir::Table> some_tables(std::uint16_t raw_port) {
    ir::InterfaceTest out{.direction = ir::Direction::Out};
    std::memcpy(out.name.data(), "wan0", 4);
    std::memset(out.mask.data(), 0xff, 5);
    const ir::FieldTest ttl{.field = ir::Field::Ttl, .ranges = {{9, 9}}, .gate = {}};
    std::vector<ir::Table> tables;
    for (const Family family : {Family::V4, Family::V6}) {
        tables.push_back(
            {family, TableId::Raw, {{"PREROUTING", ir::Builtin{Hook::Prerouting, true, 0}, {drop_port(raw_port, 1)}}}});
        tables.push_back({family,
                          TableId::Filter,
                          {{"INPUT", ir::Builtin{Hook::Input, true, 0}, {drop_port(2, 1), {{}, ir::Jump{2}, 5}}},
                           {"FORWARD", ir::Builtin{Hook::Forward, true, 2}, {{{}, ir::Jump{2}, 3}}},
                           {"user", {}, {drop_port(3, 4), {{out, ttl}, ir::Drop{}, 6}}}}});
    }
    return tables;
}

std::vector<ir::Table> of_family(const std::vector<ir::Table>& tables, Family family) {
    std::vector<ir::Table> own;
    for (const ir::Table& table : tables)
        if (table.family == family) own.push_back(table);
    return own;
}

struct Tally {
    std::size_t passed = 0, agreed = 0, wrong = 0;
};

class EarlyCheck : public xtbpf::testing::ScratchNamespace {
  protected:
    void load(Place place, const std::vector<ir::Table>& tables) {
        in_force_.clear();
        for (const ir::Table& table : tables) {
            CounterPages pages;
            ASSERT_TRUE(pages.ensure(8).has_value());
            in_force_.push_back({table, std::move(pages)});
        }
        auto loaded = early::load(place, compile(in_force_), in_force_);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
        program_ = std::move(*loaded);
    }

    Tally ask(Place place, const std::vector<ir::Table>& tables) {
        Tally tally;
        for (const Family family : {Family::V4, Family::V6})
            for (const Hook hook : {Hook::Input, Hook::Forward}) {
                const auto own = of_family(tables, family);
                for (const xt_view& view : early_probes(own, hook, kProbes)) {
                    const auto answer = dry_run(place, program_.get(), family, hook, view);
                    EXPECT_TRUE(answer.has_value()) << answer.error().message;
                    if (!answer) return tally;
                    EXPECT_NE(answer->says, Says::Nothing);
                    if (answer->says == Says::Passes)
                        ++tally.passed;
                    else if (early_drop(own, hook, view) == answer->path)
                        ++tally.agreed;
                    else
                        ++tally.wrong;
                }
            }
        return tally;
    }

    std::vector<TableInForce> in_force_;
    Fd program_;
};

TEST_F(EarlyCheck, SaysWhatTheRulesSayAndCountsNothing) {
    const auto tables = some_tables(1);
    for (const Place place : {Place::Tc, Place::Xdp}) {
        load(place, tables);
        const Tally tally = ask(place, tables);
        EXPECT_EQ(tally.wrong, 0U);
        EXPECT_GE(tally.agreed, 16U); // each rule that drops, in each family, on each way
        EXPECT_GE(tally.passed, 8U);
        for (const TableInForce& each : in_force_)
            EXPECT_EQ(each.counters.read(0, 8).value(), std::vector<Counters>(8));
    }
}

TEST_F(EarlyCheck, FindsAProgramOfOtherRules) {
    for (const Place place : {Place::Tc, Place::Xdp}) {
        load(place, some_tables(2));
        EXPECT_GT(ask(place, some_tables(1)).wrong, 0U) << "dropped by another table";
        load(place, some_tables(7));
        auto other_slots = some_tables(7);
        for (ir::Table& table : other_slots)
            table.chains.back().rules.back().slot = 7;
        EXPECT_GT(ask(place, other_slots).wrong, 0U) << "a drop counted elsewhere";
        auto let_through = some_tables(7);
        for (ir::Table& table : let_through)
            table.chains.front().rules.front().action = ir::Accept{};
        EXPECT_GT(ask(place, let_through).wrong, 0U) << "a rule that accepts";
    }
}

TEST_F(EarlyCheck, SwitchedOffItSaysNothing) {
    load(Place::Tc, some_tables(1));
    ASSERT_TRUE(set_switch(program_.get(), false).has_value());
    const auto answer = dry_run(Place::Tc, program_.get(), Family::V4, Hook::Input, xt_view{});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->says, Says::Nothing);
}

} // namespace

} // namespace xtbpf::early

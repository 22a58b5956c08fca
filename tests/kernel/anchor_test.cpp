// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/anchor_fixture.hpp"

#include <atomic>

namespace xtbpf::testing {

using AnchorTest = Anchor;

TEST_F(AnchorTest, ProgramsDecide) {
    Datagrams datagrams;
    EXPECT_TRUE(datagrams.passes());
    auto plan = accept_all();
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_TRUE(datagrams.passes());

    hook_of(plan, Hook::Input).main = yes_.get();
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_EQ(datagrams.send(), 0);
    EXPECT_FALSE(datagrams.arrived());

    hook_of(plan, Hook::Output).main = yes_.get();
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_EQ(datagrams.send(), EPERM);
}

TEST_F(AnchorTest, EveryTableOfBothFamilies) {
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables) {
            EXPECT_TRUE(done(commit(accept_all(table, family))) << name(family) << name(table));
            const auto found = anchor::inspect(family, table);
            ASSERT_TRUE(found && *found) << name(table);
            EXPECT_EQ((*found)->hooks.size(), hooks_of(table).size());
        }
    EXPECT_TRUE(Datagrams().passes());
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables)
            EXPECT_TRUE(done(anchor::remove(family, table)));
    EXPECT_EQ(output_of("nft list ruleset"), "");
}

TEST_F(AnchorTest, BaseChainsStay) {
    EXPECT_TRUE(done(commit(accept_all())));
    const auto chain_lines = [] {
        return output_of("nft -a list table ip iptables-bpf | grep -A1 'chain filter-[A-Z]'");
    };
    const std::string before = chain_lines();
    EXPECT_NE(before.find("handle"), std::string::npos);
    EXPECT_TRUE(done(commit(accept_all())));
    EXPECT_EQ(chain_lines(), before);
    EXPECT_EQ(output_of("nft list chain ip iptables-bpf filter-INPUT | grep -c 'xt match'"), "1\n");
}

TEST_F(AnchorTest, NothingPassesDuringSwaps) {
    auto plan = accept_all();
    hook_of(plan, Hook::Input).main = yes_.get();
    EXPECT_TRUE(done(commit(plan)));
    const Datagrams datagrams;
    std::atomic<bool> stop = false;
    std::thread sender([&] {
        while (!stop)
            datagrams.send();
    });
    for (int i = 0; i < 50; ++i)
        EXPECT_TRUE(done(commit(plan)));
    stop = true;
    sender.join();
    EXPECT_FALSE(datagrams.arrived());
}

TEST_F(AnchorTest, InspectTellsWhatIsThere) {
    auto found = anchor::inspect(Family::V4, TableId::Filter);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_FALSE(*found);
    auto plan = accept_all();
    plan.tag.assign(anchor::kMaxTag, 7);
    EXPECT_TRUE(done(commit(plan)));
    found = anchor::inspect(Family::V4, TableId::Filter);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->tag, plan.tag);
    EXPECT_EQ((*found)->hooks.size(), 3U);
    EXPECT_FALSE(*anchor::inspect(Family::V6, TableId::Filter));
    EXPECT_FALSE(*anchor::inspect(Family::V4, TableId::Raw));

    output_of("nft flush chain ip iptables-bpf filter-INPUT");
    EXPECT_EQ((*anchor::inspect(Family::V4, TableId::Filter))->hooks.size(), 2U);
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_EQ((*anchor::inspect(Family::V4, TableId::Filter))->hooks.size(), 3U);
}

TEST_F(AnchorTest, CountsWhereThereIsNoProgram) {
    const auto packets = [] {
        return anchor::counted(Family::V4, TableId::Filter)->at(static_cast<std::size_t>(Hook::Input)).packets;
    };
    const auto programless = [] { return (*anchor::inspect(Family::V4, TableId::Filter))->programless; };
    auto plan = accept_all();
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_TRUE(Datagrams().passes());
    EXPECT_EQ(packets(), 0U);
    EXPECT_EQ(programless(), 0U);
    hook_of(plan, Hook::Input).main = -1;
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_EQ(programless(), hook_bit(Hook::Input));
    EXPECT_EQ((*anchor::inspect(Family::V4, TableId::Filter))->hooks.size(), 3U);
    EXPECT_TRUE(Datagrams().passes());
    EXPECT_TRUE(done(commit(plan))); // it goes on counting
    EXPECT_TRUE(Datagrams().passes());
    EXPECT_EQ(packets(), 2U);
    hook_of(plan, Hook::Input).main = yes_.get();
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_FALSE(Datagrams().passes());
    EXPECT_EQ(packets(), 2U); // and still tells
    EXPECT_EQ(programless(), 0U);

    EXPECT_TRUE(done(commit(accept_all(TableId::Raw))));
    EXPECT_TRUE(done(anchor::remove(Family::V4, TableId::Filter)));
    EXPECT_EQ(output_of("nft list counters | grep -c counter"), "0\n");
    EXPECT_EQ(packets(), 0U);
}

TEST_F(AnchorTest, AnOvertakenCommitChangesNothing) {
    const auto stale = anchor::generation_id();
    ASSERT_TRUE(stale);
    EXPECT_TRUE(done(commit(accept_all())));
    auto plan = accept_all();
    plan.tag = {9};
    const auto second = commit(plan, *stale);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::Overtaken);
    EXPECT_EQ((*anchor::inspect(Family::V4, TableId::Filter))->tag, accept_all().tag);
}

TEST_F(AnchorTest, CheckChangesNothing) {
    EXPECT_TRUE(done(commit(accept_all())));
    const std::string before = output_of("nft -a list ruleset");
    auto plan = accept_all();
    hook_of(plan, Hook::Input).main = yes_.get();
    plan.conntrack = true;
    const auto generation = anchor::generation_id();
    EXPECT_TRUE(done(check(plan, *generation)));
    EXPECT_EQ(output_of("nft -a list ruleset"), before);
    EXPECT_TRUE(Datagrams().passes());

    hook_of(plan, Hook::Input).main = 0; // not a program
    EXPECT_FALSE(check(plan, *anchor::generation_id()));
    EXPECT_FALSE(check(accept_all(), *generation + 1000));
}

TEST_F(AnchorTest, ConntrackRunsWhileATableNeedsIt) {
    const auto chain = [] {
        return output_of("nft list chain ip iptables-bpf conntrack 2>&1 | grep -c 'ct state new'");
    };
    auto filter = accept_all();
    filter.conntrack = true;
    EXPECT_TRUE(done(commit(filter)));
    EXPECT_EQ(chain(), "1\n");
    EXPECT_TRUE(Datagrams().passes());
    EXPECT_NE(output_of("conntrack -L 2>/dev/null").find("udp"), std::string::npos);

    auto raw = accept_all(TableId::Raw);
    raw.conntrack = true;
    EXPECT_TRUE(done(commit(raw)));
    filter.conntrack = false;
    EXPECT_TRUE(done(commit(filter)));
    EXPECT_EQ(chain(), "1\n");
    EXPECT_TRUE((*anchor::inspect(Family::V4, TableId::Raw))->conntrack);
    EXPECT_FALSE((*anchor::inspect(Family::V4, TableId::Filter))->conntrack);
    EXPECT_TRUE(done(anchor::remove(Family::V4, TableId::Raw)));
    EXPECT_EQ(chain(), "0\n");
    EXPECT_TRUE(Datagrams().passes());
}

TEST_F(AnchorTest, RemoveIsRemoveAll) {
    EXPECT_TRUE(done(anchor::remove(Family::V4, TableId::Filter)));
    EXPECT_TRUE(done(commit(accept_all())));
    EXPECT_TRUE(done(commit(accept_all(TableId::Raw))));
    EXPECT_TRUE(done(anchor::remove(Family::V4, TableId::Filter)));
    EXPECT_EQ(output_of("nft list ruleset | grep -c filter-"), "0\n");
    EXPECT_TRUE(*anchor::inspect(Family::V4, TableId::Raw));
    EXPECT_TRUE(done(anchor::remove(Family::V4, TableId::Raw)));
    EXPECT_EQ(output_of("nft list ruleset"), "");
}

TEST_F(AnchorTest, TheNamespaceTakesThePrograms) {
    Fd program = constant_program(0);
    const std::uint32_t id = program_id(program);
    auto plan = accept_all();
    hook_of(plan, Hook::Forward).main = program.get();
    EXPECT_TRUE(done(commit(plan)));
    program = Fd();
    EXPECT_TRUE(program_exists(id));
    ASSERT_TRUE(enter_new_namespace());
    EXPECT_TRUE(soon([&] { return !program_exists(id); }));
}

TEST_F(AnchorTest, ASwapFreesTheOldPrograms) {
    Fd program = constant_program(0);
    const std::uint32_t id = program_id(program);
    auto plan = accept_all();
    hook_of(plan, Hook::Forward).main = program.get();
    EXPECT_TRUE(done(commit(plan)));
    program = Fd();
    EXPECT_TRUE(done(commit(accept_all())));
    EXPECT_TRUE(soon([&] { return !program_exists(id); }));
}

} // namespace xtbpf::testing

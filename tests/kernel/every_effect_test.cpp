// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel takes every effect where iptables has it.
#include "tests/kernel/anchor_fixture.hpp"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_mark.h>

namespace xtbpf::testing {

namespace {

std::vector<std::uint8_t> bytes_of(const auto& info) {
    std::vector<std::uint8_t> bytes((sizeof info + 7) / 8 * 8);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

} // namespace

class EveryEffect : public Anchor {
  protected:
    ::testing::AssertionResult taken(TableId table, Hook hook, Family family, std::vector<ir::Effect> effects) {
        auto plan = accept_all(table, family);
        auto& one = hook_of(plan, hook);
        one.effects = std::move(effects);
        one.orphan = one.accepts = one.idle = no_.get();
        for (std::size_t level = 0; level < anchor::step_levels(one.effects.size()); ++level)
            one.digits.push_back({no_.get(), no_.get(), no_.get(), no_.get()});
        return done(commit(plan));
    }

    static constexpr Family kFamilies[] = {Family::V4, Family::V6};
};

TEST_F(EveryEffect, OfNat) {
    using ir::NatEffect;
    using Kind = NatEffect::Kind;
    const NatEffect::Addresses range{{0x0a000001}, {0x0a000009}};
    const NatEffect::Ports ports{1000, 2000};
    for (const Family family : kFamilies) {
        EXPECT_TRUE(
            taken(TableId::Nat, Hook::Postrouting, family,
                  {NatEffect{Kind::Source, range, ports, NF_NAT_RANGE_PROTO_RANDOM_FULLY},
                   NatEffect{Kind::Source, range, {}, NF_NAT_RANGE_PERSISTENT}, NatEffect{Kind::Masquerade, {}, {}},
                   NatEffect{Kind::Masquerade, {}, ports, NF_NAT_RANGE_PROTO_RANDOM}}));
        EXPECT_TRUE(taken(TableId::Nat, Hook::Input, family, {NatEffect{Kind::Source, range, {}}}));
        for (const Hook hook : {Hook::Prerouting, Hook::Output})
            EXPECT_TRUE(
                taken(TableId::Nat, hook, family,
                      {NatEffect{Kind::Destination, range, ports}, NatEffect{Kind::Destination, {}, ports},
                       NatEffect{Kind::Destination, range, {}, NF_NAT_RANGE_NETMAP}, NatEffect{Kind::Redirect, {}, {}},
                       NatEffect{Kind::Redirect, {}, ports, NF_NAT_RANGE_PROTO_RANDOM}}));
    }
}

TEST_F(EveryEffect, OfMangle) {
    using Kind = ir::TtlEffect::Kind;
    const xt_mark_tginfo2 mark{.mark = 1, .mask = ~0U};
    for (const Family family : kFamilies)
        for (const Hook hook : hooks_of(TableId::Mangle))
            EXPECT_TRUE(taken(TableId::Mangle, hook, family,
                              {ir::KernelTarget{.name = "MARK", .revision = 2, .info = bytes_of(mark)},
                               ir::TosEffect{0xfc, 0xb8}, ir::TtlEffect{Kind::Set, 5}, ir::TtlEffect{Kind::Increase, 2},
                               ir::TtlEffect{Kind::Decrease, 3}, ir::TcpEcnEffect{false, false}}));
    for (const Family family : kFamilies)
        EXPECT_TRUE(taken(TableId::Mangle, Hook::Prerouting, family,
                          {ir::TproxyEffect{ir::Words{0x7f000001}, 80, 1, 1}, ir::TproxyEffect{{}, 0, 0, 0}}));
}

TEST_F(EveryEffect, OfRaw) {
    using Direction = ir::ZoneEffect::Direction;
    for (const Family family : kFamilies)
        for (const Hook hook : hooks_of(TableId::Raw))
            EXPECT_TRUE(
                taken(TableId::Raw, hook, family,
                      {ir::NotrackEffect{}, ir::ZoneEffect{Direction::Both, 5}, ir::ZoneEffect{Direction::Original, 5},
                       ir::ZoneEffect{Direction::Reply, 5}, ir::ZoneEffect{Direction::Both, {}}}));
}

// Where the kernel wants a target in a table of iptables' own name, all chains of the hooks are there.
TEST_F(EveryEffect, TiedTargetsTakeTheHooksToATableOfTheirName) {
    auto plan = accept_all(TableId::Mangle);
    auto& hook = hook_of(plan, Hook::Postrouting);
    hook.effects = {ir::KernelTarget{.name = "CHECKSUM", .info = {1, 0, 0, 0, 0, 0, 0, 0}, .tied = true}};
    hook.orphan = hook.accepts = hook.idle = no_.get();
    hook.digits.push_back({no_.get(), no_.get(), no_.get(), no_.get()});
    const auto tables = [] { return output_of("nft list tables | sort"); };
    const auto hooks_in = [](const std::string& table) {
        return output_of("nft list table ip " + table + " | grep -c 'type .* hook'");
    };
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_EQ(tables(), "table ip iptables-bpf\ntable ip mangle\n");
    EXPECT_EQ(hooks_in("iptables-bpf"), "0\n");
    EXPECT_EQ(hooks_in("mangle"), "5\n");
    ASSERT_TRUE(done(commit(plan))) << "and again";
    ASSERT_EQ(anchor::inspect(Family::V4, TableId::Mangle)->value().hooks.size(), 5U);
    ASSERT_TRUE(done(commit(accept_all(TableId::Mangle)))) << "back";
    EXPECT_EQ(tables(), "table ip iptables-bpf\n");
    EXPECT_EQ(hooks_in("iptables-bpf"), "5\n");
    ASSERT_TRUE(done(commit(plan))) << "and there again";
    EXPECT_EQ(hooks_in("iptables-bpf"), "0\n");
    ASSERT_EQ(output_of("nft add chain ip mangle mine"), "");
    ASSERT_TRUE(done(commit(accept_all(TableId::Mangle))));
    EXPECT_EQ(output_of("nft list table ip mangle | grep -c chain"), "1\n") << "somebody else's";
    ASSERT_TRUE(done(commit(plan)));
    ASSERT_TRUE(done(anchor::remove(Family::V4, TableId::Mangle)));
    EXPECT_EQ(output_of("nft list chains | grep -c chain"), "1\n");
}

// A move that the kernel refuses leaves everything as it was.
TEST_F(EveryEffect, ARefusedMoveLeavesNothing) {
    ASSERT_TRUE(done(commit(accept_all(TableId::Mangle))));
    const std::string before = output_of("nft -a list ruleset");
    auto plan = accept_all(TableId::Mangle);
    auto& hook = hook_of(plan, Hook::Postrouting);
    hook.effects = {ir::KernelTarget{.name = "NOSUCH", .info = {}, .tied = true}};
    hook.orphan = hook.accepts = hook.idle = no_.get();
    hook.digits.push_back({no_.get(), no_.get(), no_.get(), no_.get()});
    EXPECT_FALSE(commit(plan));
    EXPECT_EQ(output_of("nft -a list ruleset"), before);
}

} // namespace xtbpf::testing

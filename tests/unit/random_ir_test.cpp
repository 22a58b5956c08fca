// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/random_ir.hpp"
#include "translator/interpreter.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <set>

namespace xtbpf::testing {

TEST(RandomIr, TheSameSeedGivesTheSame) {
    Random one(7), other(7);
    const ir::Table table = random_table(one, Family::V6, TableId::Mangle);
    EXPECT_EQ(ir::dump(table), ir::dump(random_table(other, Family::V6, TableId::Mangle)));
    const Packet packet = random_packet(one, table, Hook::Input), again = random_packet(other, table, Hook::Input);
    EXPECT_EQ(packet.bytes, again.bytes);
    EXPECT_EQ(std::memcmp(&packet.view, &again.view, sizeof packet.view), 0);
}

// A generator whose packets all end in a policy would test nothing.
TEST(RandomIr, PacketsReachRulesAndEveryKindOfEnd) {
    std::size_t rules = 0, reached = 0, hotdrops = 0, accepts = 0, packets = 0, effects = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Random random(seed);
        TableShape shape;
        shape.deep = seed % 4 == 0;
        const ir::Table table = random_table(random, seed % 2 ? Family::V6 : Family::V4, TableId::Filter, shape);
        std::set<ir::Slot> slots;
        for (int count = 0; count < 400; ++count) {
            const Hook hook = hooks_of(TableId::Filter)[random.below(3)];
            const Packet packet = random_packet(random, table, hook);
            const Trace trace = interpret(table, hook, packet.view, packet.bytes);
            slots.insert(trace.path.begin(), trace.path.end());
            ++packets;
            hotdrops += trace.hotdrop;
            accepts += trace.accept;
            effects += trace.effects.size();
        }
        reached += slots.size();
        for (const ir::Chain& chain : table.chains)
            rules += chain.rules.size() + chain.builtin.has_value();
    }
    EXPECT_GT(reached * 4, rules) << reached << " of " << rules;
    EXPECT_GT(hotdrops * 100, packets) << hotdrops << " of " << packets;
    EXPECT_GT(accepts * 5, packets) << accepts << " of " << packets;
    EXPECT_LT(accepts * 5, packets * 4) << accepts << " of " << packets;
    EXPECT_GT(effects * 50, packets) << effects << " of " << packets;
    RecordProperty("reached", std::to_string(reached) + "/" + std::to_string(rules));
    RecordProperty("hotdrops", std::to_string(hotdrops) + "/" + std::to_string(packets));
}

} // namespace xtbpf::testing

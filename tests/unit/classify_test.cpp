// SPDX-License-Identifier: GPL-2.0-or-later
// Walks through images against the interpreter.
#include "tests/image_walk.hpp"
#include "tests/random_ir.hpp"
#include "tests/shapes.hpp"
#include "translator/interpreter.hpp"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace xtbpf::testing {
namespace {

// Any predicates, any actions, any packets.
void random_tables(Family family, std::uint64_t seeds, const TableShape& shape, int packets) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Random random(seed);
        const ir::Table table = random_table(random, family, TableId::Filter, shape);
        const classify::Image image = whole_image(table);
        for (int count = 0; count < packets; ++count) {
            const Hook hook = hooks_of(TableId::Filter)[random.below(3)];
            const Packet packet = random_packet(random, table, hook);
            ASSERT_EQ(walk_dry_run(table, image, hook, packet.view, packet.bytes, count % 2 == 0 ? &random : nullptr),
                      dry_run_answer(interpret(table, hook, packet.view, packet.bytes)))
                << "seed " << seed << " packet " << count << " at " << name(hook);
        }
    }
}

class Classify : public ::testing::TestWithParam<Family> {};

TEST_P(Classify, SmallTables) { random_tables(GetParam(), 300, {}, 300); }
TEST_P(Classify, ShortChains) { random_tables(GetParam(), 200, {.user_chains = 6, .rules = 5}, 200); }
TEST_P(Classify, LongChains) { random_tables(GetParam(), 12, {.user_chains = 3, .rules = 1000}, 400); }

// XTBPF_PACKETS: so many packets for each of the 144 tables; 70,000 make ten million.
TEST_P(Classify, EveryShape) {
    const char* wanted = std::getenv("XTBPF_PACKETS");
    const int packets = wanted ? std::atoi(wanted) : 1500;
    for (RuleShape shape : kShapes)
        for (std::uint32_t size : {7U, 40U, 300U, 3000U})
            for (unsigned guards : {0U, 20U}) {
                const ir::Table table = shaped_table(shape, GetParam(), size, size + guards, guards);
                const classify::Image image = whole_image(table);
                Random random(size);
                for (int count = 0; count < packets; ++count) {
                    const xt_view view = shaped_packet(random, table);
                    ASSERT_EQ(walk_dry_run(table, image, Hook::Forward, view, {}),
                              dry_run_answer(interpret(table, Hook::Forward, view, {})))
                        << name(shape) << ' ' << size << " packet " << count;
                }
            }
}

// What no sane sender makes must not cost more than other packets.
TEST_P(Classify, OddPacketsTakeFewSteps) {
    for (RuleShape shape : kShapes) {
        const ir::Table table = shaped_table(shape, GetParam(), 3000, 1);
        const classify::Image image = whole_image(table);
        Random random(3);
        std::size_t most = 0;
        for (int count = 0; count < 300; ++count) {
            xt_view view = shaped_packet(random, table);
            view.hook = static_cast<__u8>(Hook::Forward);
            view.l4_avail = 4;
            const classify::Helpers none{.guard = {}, .effect = {}, .pause = {}};
            most = std::max(most, classify::walk(image, view, none).steps);
            EXPECT_EQ(walk_dry_run(table, image, Hook::Forward, view, {}),
                      dry_run_answer(interpret(table, Hook::Forward, view, {})));
        }
        EXPECT_LT(most, 150U) << name(shape);
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Classify, ::testing::Values(Family::V4, Family::V6),
                         [](const auto& info) { return std::string(name(info.param)); });

} // namespace
} // namespace xtbpf::testing

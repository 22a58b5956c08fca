// SPDX-License-Identifier: GPL-2.0-or-later
// Walks in the kernel against the same walks outside it, which tests/unit/classify_test.cpp compares with the interpreter.
#include "tests/image_walk.hpp"
#include "tests/random_ir.hpp"
#include "tests/shapes.hpp"
#include "tests/walk_program.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace xtbpf::testing {
namespace {

void compare(const ir::Table& table, std::vector<xt_view> views, const std::string& what) {
    for (xt_view& view : views)
        view.hook = static_cast<__u8>(Hook::Forward);
    const classify::Image image = whole_image(table);
    Result<WalkProgram> program = WalkProgram::load(image, views);
    ASSERT_TRUE(program) << what << ": " << program.error().message;
    ASSERT_TRUE(program->run()) << what;
    const std::vector<std::uint32_t> results = program->results();
    for (std::size_t number = 0; number < views.size(); ++number)
        ASSERT_EQ(results[number], walk_result(image, views[number])) << what << " packet " << number;
}

class WalkKernel : public ::testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: loading BPF programs needs root";
    }
};

TEST_P(WalkKernel, RandomTables) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Random random(seed);
        TableShape shape;
        shape.rules = seed % 3 == 0 ? 300 : 12;
        const ir::Table table = random_table(random, GetParam(), TableId::Filter, shape);
        std::vector<xt_view> views;
        for (int count = 0; count < 2000; ++count)
            views.push_back(random_packet(random, table, Hook::Forward).view);
        compare(table, views, "seed " + std::to_string(seed));
    }
}

TEST_P(WalkKernel, EveryShape) {
    for (RuleShape shape : kShapes)
        for (unsigned guards : {0U, 20U}) {
            const ir::Table table = shaped_table(shape, GetParam(), 5000, 1, guards);
            Random random(2);
            std::vector<xt_view> views;
            for (int count = 0; count < 20000; ++count)
                views.push_back(shaped_packet(random, table));
            compare(table, views, std::string(name(shape)));
        }
}

INSTANTIATE_TEST_SUITE_P(Families, WalkKernel, ::testing::Values(Family::V4, Family::V6),
                         [](const auto& info) { return std::string(name(info.param)); });

} // namespace
} // namespace xtbpf::testing

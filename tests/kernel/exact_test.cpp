// SPDX-License-Identifier: GPL-2.0-or-later
// The generated code against the interpreter, in the kernel: random tables, random packets, dry runs of the loaded programs.
#include "datapath/exact_programs.hpp"
#include "datapath/fd.hpp"
#include "datapath/self_check.hpp"
#include "tests/random_ir.hpp"
#include "translator/chains.hpp"
#include "translator/interpreter.hpp"
#include "translator/pages.hpp"
#include "translator/probes.hpp"
#include "translator/table.hpp"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace xtbpf {
namespace {

// Page 0 and 1 of the counters, page 0 of the limits: enough for the slots of these tables.
struct Pages {
    Fd counters0{::bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "xt_counters", 4, sizeof(Counters) * kCounterRow,
                                  kFirstCounterPage / kCounterRow, nullptr)};
    Fd counters1{::bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "xt_counters", 4, sizeof(Counters) * kCounterRow,
                                  kFirstCounterPage / kCounterRow * 2, nullptr)};
    Fd limits{::bpf_map_create(BPF_MAP_TYPE_ARRAY, "xt_limits", 4, sizeof(LimitState), kFirstLimitPage, nullptr)};
};

constexpr std::uint64_t kAllCode = ~0ULL;
constexpr std::size_t kMostBytes = 2000; // BPF_PROG_TEST_RUN takes a page, less headroom and the view

void compare(Family family, std::uint64_t seed, const testing::TableShape& shape, int packets,
             std::uint64_t most_code = kMostCode) {
    testing::Random random(seed);
    const ir::Table table = testing::random_table(random, family, TableId::Filter, shape);
    const Pages pages;
    const Result<ExactPrograms> programs =
        load_exact_coded(table, {pages.counters0.get(), pages.counters1.get()}, {pages.limits.get()}, most_code);
    ASSERT_TRUE(programs) << programs.error().message << "\nseed " << seed << "\n" << ir::dump(table);
    for (const HookPrograms& hook : programs->hooks) {
        ASSERT_EQ(hook.empty, !hook.walked && accepts_all(table, hook.hook));
        if (hook.empty) continue;
        const Result<void> checked = self_check(expectation(table, hook.hook), family, hook.main.get());
        ASSERT_TRUE(checked) << checked.error().message << "\nseed " << seed << "\n" << ir::dump(table);
        for (int count = 0; count < packets; ++count) {
            const testing::Packet packet = testing::random_packet(random, table, hook.hook);
            if (packet.bytes.size() > kMostBytes) continue;
            const Result<std::uint32_t> answer = dry_run(hook.main.get(), packet.view, packet.bytes);
            ASSERT_TRUE(answer) << answer.error().message;
            ASSERT_EQ(*answer, dry_run_answer(interpret(table, hook.hook, packet.view, packet.bytes)))
                << "seed " << seed << " packet " << count << " at " << name(hook.hook) << ": "
                << describe(packet.view, family) << "\n"
                << ir::dump(table);
        }
    }
}

class Exact : public ::testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: loading BPF programs needs root";
    }
};

TEST_P(Exact, SmallTables) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed)
        compare(GetParam(), seed, {}, 300);
}

TEST_P(Exact, DeepNesting) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        compare(GetParam(), seed, {.user_chains = 64, .rules = 4, .deep = true}, 200);
}

TEST_P(Exact, LongChains) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
        compare(GetParam(), seed, {.user_chains = 2, .rules = 1200, .limits = false}, 500, kAllCode);
}

// All of it data, but for guards.
TEST_P(Exact, Walks) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed)
        compare(GetParam(), seed, {}, 300, 0);
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
        compare(GetParam(), seed, {.user_chains = 2, .rules = 1200}, 500, 0);
}

INSTANTIATE_TEST_SUITE_P(Families, Exact, ::testing::Values(Family::V4, Family::V6),
                         [](const auto& info) { return std::string(name(info.param)); });

} // namespace
} // namespace xtbpf

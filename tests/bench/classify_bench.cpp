// SPDX-License-Identifier: GPL-2.0-or-later
// What a walk through an image costs, by shape and number of rules: nanoseconds per packet in the kernel, one after the other over
// many different packets, net of the same program without the walk.
//   classify_bench [most rules [shape]]
#include "tests/image_walk.hpp"
#include "tests/shapes.hpp"
#include "tests/walk_program.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>

namespace {

using namespace xtbpf;
using namespace xtbpf::testing;

constexpr std::size_t kPackets = 16384;
constexpr int kRounds = 9;

// The fastest of some rounds: others use the machine too.
double measure(const classify::Image& image, const std::vector<xt_view>& views, bool walks) {
    Result<WalkProgram> program = WalkProgram::load(image, views, walks);
    double best = -1;
    for (int round = 0; program && round < kRounds; ++round)
        if (const Result<double> ns = program->run(1); ns && (best < 0 || *ns < best)) best = *ns;
    if (!program) fmt::print("{}\n", program.error().message);
    return best;
}

void row(RuleShape shape, Family family, std::uint32_t rules) {
    const ir::Table table = shaped_table(shape, family, rules, rules);
    const std::clock_t before = std::clock(); // its own time: others use the machine too
    const classify::Image image = whole_image(table);
    const double took = 1e3 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;

    Random random(rules + 1);
    std::vector<xt_view> hits, misses;
    std::size_t count = 0;
    for (const ir::Chain& chain : table.chains)
        count += chain.rules.size();
    while (hits.size() < kPackets) {
        hits.push_back(shaped_packet(random, table));
        misses.push_back(shaped_packet(random, table, true));
        hits.back().hook = misses.back().hook = static_cast<__u8>(Hook::Forward);
    }
    const double none = measure(image, misses, false);
    const double miss = measure(image, misses, true) - none, hit = measure(image, hits, true) - none;
    fmt::print("{:14} {} {:8} {:8.1f} {:8.1f} {:8.1f} {:8.1f} {:6} {:6}\n", name(shape),
               family == Family::V4 ? "v4" : "v6", rules, miss, hit, took,
               static_cast<double>(image.bytes.size()) / static_cast<double>(std::max<std::size_t>(count, 1)),
               image.tuples, image.longest_list);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const std::uint32_t most = argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 100'000;
    fmt::print("{:14} {} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "shape", "ip", "rules", "miss ns", "hit ns",
               "build ms", "B/rule", "tuples", "list");
    for (const Family family : {Family::V4, Family::V6})
        for (const RuleShape shape : kShapes) {
            if (argc > 2 && name(shape) != argv[2]) continue;
            for (std::uint32_t rules = 10; rules <= most; rules *= 10)
                row(shape, family, rules);
        }
}

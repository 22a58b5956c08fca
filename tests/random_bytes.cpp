// SPDX-License-Identifier: GPL-2.0-or-later
// Predicates on the packet's bytes: a part of random_ir.hpp.
#include "tests/random_ir.hpp"
#include "tests/random_pools.hpp"

#include <algorithm>

namespace xtbpf::testing {

namespace {

ir::Else random_else(Random& random) { return random.percent(60) ? ir::Else::False : ir::Else::Hotdrop; }

ir::Extension random_extension(Random& random) {
    return static_cast<ir::Extension>(random.below(static_cast<std::uint32_t>(ir::kExtensions)));
}

std::vector<ir::Range> random_ranges(Random& random, std::uint32_t top) {
    std::vector<ir::Range> ranges;
    for (std::uint32_t count = random.between(1, 3); count > 0; --count) {
        const std::uint32_t one = random.percent(70) ? random.below(6) : random.word() & top;
        const std::uint32_t other = random.percent(50) ? one : random.word() & top;
        ranges.push_back({std::min(one, other), std::max(one, other)});
    }
    return ranges;
}

ir::BytesTest random_bytes_test(Random& random, Family family) {
    ir::BytesTest test{.offset = static_cast<std::uint16_t>(random.below(24)),
                       .width = static_cast<std::uint8_t>(1U << random.below(3)),
                       .ranges = {},
                       .invert = random.percent(30),
                       .missing = random_else(random),
                       .unequal = random.percent(90) ? ir::Else::False : ir::Else::Hotdrop};
    if (family == Family::V6 && random.percent(50)) test.base = random_extension(random);
    if (random.percent(30)) test.mask = random.below(256);
    test.ranges = random_ranges(random, test.width == 4 ? ~0U : (1U << 8U * test.width) - 1U);
    return test;
}

ir::U32Test random_u32_test(Random& random) {
    using Operator = ir::U32Test::Operator;
    ir::U32Test u32{.tests = {}, .invert = random.percent(30)};
    for (std::uint32_t count = random.between(1, 2); count > 0; --count) {
        ir::U32Test::One test{.at = random.pick(kOffsets), .steps = {}, .ranges = random_ranges(random, ~0U)};
        if (random.percent(40)) // the transport header, as rules find it
            test = {
                0, {{Operator::ShiftRight, 22}, {Operator::And, 0x3C}, {Operator::At, random.below(20)}}, test.ranges};
        while (random.percent(40)) {
            const auto operation = static_cast<Operator>(random.below(4));
            const std::uint32_t operand = operation == Operator::And ? random.word() : random.below(40);
            test.steps.push_back({operation, operation == Operator::At ? random.pick(kOffsets) : operand});
        }
        if (random.percent(10)) std::swap(test.ranges[0].low, test.ranges[0].high);
        u32.tests.push_back(std::move(test));
    }
    return u32;
}

} // namespace

ir::Predicate random_bytes_predicate(Random& random, Family family) {
    switch (random.below(5)) {
    case 0: {
        const std::uint16_t one = random.pick(kSegmentSizes), other = random.pick(kSegmentSizes);
        return ir::TcpMssTest{std::min(one, other), std::max(one, other), random.percent(30)};
    }
    case 1: return random_u32_test(random);
    case 2:
        if (family == Family::V6)
            return ir::ExtensionTest{random_extension(random), random_else(random), random.percent(50)};
        [[fallthrough]];
    default: return random_bytes_test(random, family);
    }
}

} // namespace xtbpf::testing

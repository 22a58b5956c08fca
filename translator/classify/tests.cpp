// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/tests.hpp"

#include "translator/classify/field_uses.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kMostSkipped = 255;

xt_image_test word_test(std::size_t offset, std::uint32_t mask, std::uint32_t value, bool invert) {
    return {.word = static_cast<std::uint8_t>(offset / 4),
            .shift = 0,
            .flags = static_cast<std::uint8_t>(invert ? XT_TEST_INVERT : 0),
            .skip = 0,
            .mask = mask,
            .low = value,
            .span = 0};
}

xt_image_test field_test(ir::Field field, std::uint32_t mask, const ir::Range& range, bool invert) {
    const WordPlace where = place(field);
    xt_image_test test{.word = where.word,
                       .shift = where.shift,
                       .flags = static_cast<std::uint8_t>(invert ? XT_TEST_INVERT : 0),
                       .skip = 0,
                       .mask = mask & largest(field),
                       .low = range.low,
                       .span = range.high - range.low};
    if (range.low > range.high) { // nothing is in it
        test.mask = 0;
        test.low = 1;
        test.span = 0;
    }
    return test;
}

xt_image_test gate_test(const ir::Gate& gate) {
    const std::uint32_t most = largest(gate.field);
    xt_image_test test = field_test(gate.field, most, {gate.at_least, most}, false);
    test.flags = static_cast<std::uint8_t>(XT_TEST_GATE | (gate.otherwise ? XT_TEST_PASS : 0));
    return test;
}

// Makes one of the last `count` tests suffice.
bool any_of_last(Tests& tests, std::size_t count) {
    if (count > kMostSkipped) return false;
    const std::span<xt_image_test> group(tests.data() + tests.size() - count, count);
    for (std::size_t at = 0; at + 1 < count; ++at) {
        group[at].flags |= XT_TEST_MORE;
        group[at].skip = static_cast<std::uint8_t>(count - 1 - at);
    }
    return true;
}

// Of no test at all: never true.
xt_image_test never() { return {.word = 0, .shift = 0, .flags = 0, .skip = 0, .mask = 0, .low = 1, .span = 0}; }

} // namespace

WordPlace place(ir::Field field) {
    const ir::FieldLayout& where = ir::layout(field);
    const unsigned byte = where.offset % 4U;
    const unsigned shift = std::endian::native == std::endian::little ? 8 * byte : 8 * (4U - byte - where.size);
    return {static_cast<std::uint8_t>(where.offset / 4), static_cast<std::uint8_t>(shift)};
}

ir::FieldTest single(ir::Field field, std::uint32_t value, bool invert) {
    return {.field = field, .ranges = {{value, value}}, .invert = invert};
}

bool append(Tests& tests, const ir::FieldTest& test) {
    const std::size_t before = tests.size();
    if (test.gate) tests.push_back(gate_test(*test.gate));
    const std::size_t first = tests.size();
    for (const ir::Range& range : test.ranges)
        tests.push_back(field_test(test.field, test.mask, range, test.invert));
    if (test.ranges.empty() && !test.invert) tests.push_back(never());
    const std::size_t count = tests.size() - first;
    if (count > kMostSkipped) return false;
    if (test.gate) tests[before].skip = static_cast<std::uint8_t>(count);
    return test.invert || any_of_last(tests, count);
}

// Members are single tests: a group of all inside a group of any can't be written.
bool append(Tests& tests, const ir::AnyOf& any) {
    const std::size_t before = tests.size();
    for (const ir::FieldTest& test : any.tests) {
        if (test.gate) return false;
        if (any.invert == test.invert && any.invert) {
            // not (not a) of several ranges: a itself, which is a group of any among those that must all hold
            if (!append(tests, ir::FieldTest{.field = test.field, .mask = test.mask, .ranges = test.ranges}))
                return false;
            continue;
        }
        if (!any.invert && test.invert && test.ranges.size() != 1) return false;
        for (const ir::Range& range : test.ranges)
            tests.push_back(field_test(test.field, test.mask, range, test.invert != any.invert));
    }
    if (any.invert) return true; // none of them: each inverted
    if (tests.size() == before) tests.push_back(never());
    return any_of_last(tests, tests.size() - before);
}

bool append(Tests& tests, const ir::AddressTest& test, Family family) {
    const std::size_t offset = ir::layout(test.field).offset;
    if (test.gate) tests.push_back(gate_test(*test.gate));
    const std::size_t first = tests.size();
    const std::size_t words = family == Family::V4 ? 1 : 4;
    for (std::size_t word = words; word-- > 0;)
        if (test.mask[word] != 0 || test.value[word] != 0)
            tests.push_back(word_test(offset + 4 * word, test.mask[word], test.value[word], test.invert));
    if (tests.size() == first && test.invert) tests.push_back(never());
    const std::size_t count = tests.size() - first;
    if (test.gate) tests[first - 1].skip = static_cast<std::uint8_t>(count);
    return !test.invert || any_of_last(tests, count);
}

// 128-bit numbers aren't compared word by word.
bool append(Tests& tests, const ir::AddressRange& range, Family family) {
    if (family == Family::V6) return false;
    xt_image_test test = word_test(ir::layout(range.field).offset, ~0U, range.low[0], range.invert);
    test.span = range.high[0] - range.low[0];
    if (range.low[0] > range.high[0]) {
        test = never();
        if (range.invert) test.flags = XT_TEST_INVERT;
    }
    tests.push_back(test);
    return true;
}

void append(Tests& tests, const ir::InterfaceTest& test) {
    const std::size_t offset =
        test.direction == ir::Direction::In ? offsetof(xt_view, in_name) : offsetof(xt_view, out_name);
    const std::size_t first = tests.size();
    for (std::size_t at = 0; at < test.name.size(); at += 4) {
        std::uint32_t name, mask;
        std::memcpy(&name, test.name.data() + at, 4);
        std::memcpy(&mask, test.mask.data() + at, 4);
        if (mask != 0 || name != 0) tests.push_back(word_test(offset + at, mask, name, test.invert));
    }
    if (!test.invert) return;
    if (tests.size() == first) tests.push_back(never());
    any_of_last(tests, tests.size() - first);
}

} // namespace xtbpf::classify

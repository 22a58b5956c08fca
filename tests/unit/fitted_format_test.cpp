// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/fitted_object.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace xtbpf {

namespace {

FittedObject sample() {
    FittedObject object;
    object.name = "xt_sample";
    object.maps.push_back({.name = "xt_pages",
                           .type = 12,
                           .key_size = 4,
                           .value_size = 4,
                           .max_entries = 110,
                           .inner = {},
                           .initial = {}});
    object.maps[0].inner.push_back(
        {.name = "xt_inner", .type = 6, .key_size = 4, .value_size = 16, .max_entries = 8, .inner = {}, .initial = {}});
    object.maps.push_back({.name = "xt_sample.rodata", .type = 2, .flags = 128, .inner = {}, .initial = {1, 2, 3}});
    object.programs.push_back({"xt_input", 1});
    object.functions.push_back({"xt_input", 7, {{0x85, 0, 1, 0, 0}, {0x95, 0, 0, 0, 0}}, {{0, "rt_count"}}});
    object.types = {9, 8, 7};
    object.modules = {0, 12};
    object.kernel = {.nf_conn = 5, .gro = 1ULL << 40, .gro_udp = 2, .vlan_strip = 3};
    return object;
}

} // namespace

TEST(FittedFormat, RoundTrip) {
    FittedObject object = sample();
    std::vector<std::uint8_t> bytes = serialize(object);
    bytes.resize(bytes.size() + 5); // the map rounds up
    const auto read = parse_fitted(bytes);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->name, "xt_sample");
    ASSERT_EQ(read->maps.size(), 2U);
    ASSERT_EQ(read->maps[0].inner.size(), 1U);
    EXPECT_EQ(read->maps[0].inner[0].value_size, 16U);
    EXPECT_EQ(read->maps[1].initial, (std::vector<std::uint8_t>{1, 2, 3}));
    EXPECT_EQ(read->programs.at(0).name, "xt_input");
    const FittedFunction& function = read->functions.at(0);
    EXPECT_EQ(function.type, 7U);
    EXPECT_EQ(function.calls.at(0).function, "rt_count");
    ASSERT_EQ(function.insns.size(), 2U);
    EXPECT_EQ(std::memcmp(function.insns.data(), object.functions[0].insns.data(), 2 * sizeof(bpf_insn)), 0);
    EXPECT_EQ(read->types, object.types);
    EXPECT_EQ(read->modules, object.modules);
    EXPECT_EQ(read->kernel.gro, 1ULL << 40);
}

TEST(FittedFormat, WhatIsCutOffIsRefused) {
    FittedObject object = sample();
    const std::vector<std::uint8_t> bytes = serialize(object);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(parse_fitted(std::span(bytes).first(size))) << size;
}

} // namespace xtbpf

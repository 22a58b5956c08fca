// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/store_format.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

StoredTable sample() {
    StoredTable table{.family = Family::V6, .id = TableId::Mangle, .chains = {}};
    table.chains.push_back({.name = "INPUT", .accept = false, .account = {.slot = 0}, .rules = {}});
    table.chains.push_back({.name = "web", .accept = std::nullopt, .account = {}, .rules = {}});
    table.chains[1].rules.push_back({.text = "-p tcp --dport 80 -j ACCEPT", .account = {.slot = 2}});
    table.chains[1].rules.push_back({.text = "", .account = {.slot = 1, .state = 5, .states = 2}});
    return table;
}

constexpr Nonce kNonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

} // namespace

TEST(StoreFormat, RoundTrip) {
    const std::vector<Counters> bases{{10, 1000}, {~0ULL, 5}, {3, 4}};
    auto bytes = serialize_store(sample(), bases, kNonce);
    bytes.resize(bytes.size() + 100); // the map rounds up
    const auto image = parse_store(bytes);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->nonce, kNonce);
    EXPECT_EQ(image->table.family, Family::V6);
    EXPECT_EQ(image->table.id, TableId::Mangle);
    ASSERT_EQ(image->table.chains.size(), 2U);
    EXPECT_EQ(image->table.chains[0].accept, false);
    EXPECT_EQ(image->table.chains[0].account.counters, bases[0]);
    EXPECT_FALSE(image->table.chains[1].accept);
    const auto& rules = image->table.chains[1].rules;
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0].text, "-p tcp --dport 80 -j ACCEPT");
    EXPECT_EQ(rules[0].account.counters, bases[2]);
    EXPECT_EQ(rules[1].account.state, 5U);
    EXPECT_EQ(rules[1].account.states, 2U);
    EXPECT_EQ(rules[1].account.counters, bases[1]);
}

TEST(StoreFormat, AnyDamageIsSeen) {
    const auto bytes = serialize_store(sample(), {}, kNonce);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(parse_store(std::span(bytes).first(size)));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i >= 12 && i < 16) continue; // unused
        auto damaged = bytes;
        damaged[i] ^= 0x40;
        EXPECT_FALSE(parse_store(damaged)) << i;
    }
}

TEST(StoreFormat, MalformedBodiesAreSurvived) {
    const auto bytes = serialize_store(sample(), {}, kNonce);
    std::uint32_t random = 1;
    const auto next = [&] { return random = random * 1664525 + 1013904223; };
    int readable = 0;
    for (int round = 0; round < 20000; ++round) {
        auto damaged = bytes;
        for (std::uint32_t i = 0; i <= next() % 4; ++i)
            damaged[48 + (next() >> 8) % (damaged.size() - 48)] = static_cast<std::uint8_t>(next() >> 16);
        if (round % 3 == 0) damaged.resize(48 + (next() >> 8) % (damaged.size() - 48));
        seal_store(damaged);
        if (parse_store(damaged)) ++readable;
    }
    EXPECT_GT(readable, 0); // a changed letter of a rule
    EXPECT_LT(readable, 20000);
}

TEST(StoreFormat, AbsurdSlotsAreRefused) {
    auto table = sample();
    table.chains[1].rules[0].account.slot = kMostSlots;
    EXPECT_FALSE(parse_store(serialize_store(table, {}, kNonce)));
    table = sample();
    table.chains[1].rules[1].account.state = kMostSlots - 1;
    EXPECT_FALSE(parse_store(serialize_store(table, {}, kNonce)));
    table = sample();
    table.chains[0].account.slot = kNoSlot;
    EXPECT_FALSE(parse_store(serialize_store(table, {}, kNonce)));
}

TEST(StoreFormat, AnotherVersionIsNamed) {
    auto bytes = serialize_store(sample(), {}, kNonce);
    bytes[8] = 9;
    const auto image = parse_store(bytes);
    ASSERT_FALSE(image);
    EXPECT_NE(image.error().message.find("version 9"), std::string::npos);
}

TEST(StoreFormat, Tag) {
    auto bytes = serialize_tag({.holder = 77, .nonce = kNonce});
    const auto tag = parse_tag(bytes);
    ASSERT_TRUE(tag);
    EXPECT_EQ(tag->holder, 77U);
    EXPECT_EQ(tag->nonce, kNonce);
    bytes.pop_back();
    EXPECT_FALSE(parse_tag(bytes));
    EXPECT_FALSE(parse_tag({}));
}

} // namespace xtbpf

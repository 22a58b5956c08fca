// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/screen.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

TEST(Top, FiguresAreShort) {
    const std::pair<double, const char*> cases[] = {{0, "0"},         {0.25, "0.2"},    {9.96, "10"},
                                                    {99999, "99999"}, {123456, "123k"}, {99960000, "100M"},
                                                    {1.5e9, "1500M"}, {1e18, "1000P"}};
    for (const auto& [value, text] : cases)
        EXPECT_EQ(figure(value), text);
}

TEST(Top, SparklinesFillTheirLine) {
    EXPECT_EQ(sparkline({}), "");
    EXPECT_EQ(sparkline({0, 0}), "  ");
    EXPECT_EQ(sparkline({0, 1, 4, 8}), " ▁▄█");
}

TEST(Top, RatesComeOfTwoSamples) {
    Rates rates;
    rates.add({{"a", "filter:INPUT:rule:1", "-j A", {10, 100}}, {"b", "filter:INPUT:policy", "DROP", {0, 0}}}, 0);
    rates.add({{"b", "filter:INPUT:policy", "DROP", {4, 400}}, {"a", "filter:INPUT:rule:2", "-j A", {11, 110}}}, 2);
    const auto sorted = rates.sorted(Rates::Order::Packets);
    ASSERT_EQ(sorted.size(), 2);
    EXPECT_EQ(sorted[0].place, "filter:INPUT:policy");
    EXPECT_EQ(sorted[0].packets, 2);
    EXPECT_EQ(sorted[0].bytes, 200);
    EXPECT_EQ(sorted[1].place, "filter:INPUT:rule:2") << "a rule that has moved is the same rule";
    EXPECT_EQ(sorted[1].packets, 0.5);
    EXPECT_EQ(rates.sorted(Rates::Order::Total)[0].text, "-j A");
    rates.add({{"a", "filter:INPUT:rule:1", "-j A", {0, 0}}}, 1);
    ASSERT_EQ(rates.sorted(Rates::Order::Packets).size(), 1);
    EXPECT_EQ(rates.sorted(Rates::Order::Packets)[0].packets, 0) << "set back to 0";
}

TEST(Top, LinesFitTheScreen) {
    Rate rate{.place = "filter:INPUT:rule:1",
              .text = "-m comment --comment \"a\x1b[2Jb\"",
              .total = {5, 6},
              .history = {1, 2}};
    EXPECT_EQ(table({rate, rate, rate}, 2, 0),
              "PACKETS/s BYTES/s   TOTAL      PLACE               RULE\n"
              "        0       0       5  ▄█  filter:INPUT:rule:1 -m comment --comment "
              "\"a?[2Jb\"\n");
    EXPECT_EQ(table({rate}, 0, 30), "PACKETS/s BYTES/s   TOTAL     \n        0       0       5  ▄█ \n");
}

} // namespace

} // namespace xtbpf::tool

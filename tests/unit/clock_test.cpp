// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/clock.h"

#include <ctime>
#include <gtest/gtest.h>

namespace xtbpf {
namespace {

constexpr std::uint64_t pair_of(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

constexpr std::uint32_t kAnyWeekday = 0xFE, kLastSecond = 86399, kMonday = 1 << 1, kTuesday = 1 << 2;

xt_times times(std::uint32_t start, std::uint32_t stop, std::uint32_t weekdays, std::uint32_t monthdays = ~1U,
               std::uint32_t flags = 0) {
    return {
        .dates = pair_of(0, ~0U), .daytimes = pair_of(start, stop), .days = pair_of(monthdays, weekdays | flags << 8)};
}

std::uint64_t at(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    return static_cast<std::uint64_t>(::timegm(&tm));
}

TEST(Clock, KnowsEveryDayOfItsYears) {
    for (std::uint32_t day = 1; day < XT_DAYS_TO_2040; ++day) {
        const std::time_t noon = std::time_t{day} * XT_SECONDS_PER_DAY + 43200;
        std::tm tm{};
        ::gmtime_r(&noon, &tm);
        ASSERT_EQ(xt_day_of_month(day), static_cast<std::uint32_t>(tm.tm_mday)) << day;
        const unsigned weekday = tm.tm_wday == 0 ? 7 : static_cast<unsigned>(tm.tm_wday);
        const auto now = static_cast<std::uint64_t>(noon);
        ASSERT_EQ(xt_time_holds(now, times(0, kLastSecond, 1U << weekday)), 1) << day;
        ASSERT_EQ(xt_time_holds(now, times(0, kLastSecond, kAnyWeekday ^ 1U << weekday)), 0) << day;
        ASSERT_EQ(xt_time_holds(now, times(0, kLastSecond, kAnyWeekday, 1U << tm.tm_mday)), 1) << day;
        ASSERT_EQ(xt_time_holds(now, times(0, kLastSecond, kAnyWeekday, ~1U ^ 1U << tm.tm_mday)), 0) << day;
    }
}

TEST(Clock, EndsAreIncluded) {
    const xt_times office = times(9 * 3600, 17 * 3600, kAnyWeekday);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 8, 59, 59), office), 0);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 9), office), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 17), office), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 17, 0, 1), office), 0);
    xt_times dates = times(0, kLastSecond, kAnyWeekday);
    dates.dates = pair_of(static_cast<std::uint32_t>(at(2026, 11, 23)), static_cast<std::uint32_t>(at(2026, 11, 24)));
    EXPECT_EQ(xt_time_holds(at(2026, 11, 22, 23, 59, 59), dates), 0);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23), dates), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24), dates), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 0, 0, 1), dates), 0);
}

// 2026-11-23 is a Monday.
TEST(Clock, GoesRoundMidnight) {
    const xt_times night = times(23 * 3600, 3600, kMonday), through = times(23 * 3600, 3600, kMonday, ~1U, 2);
    for (const xt_times& each : {night, through}) {
        EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 22, 59, 59), each), 0);
        EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 23), each), 1);
        EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 1, 0, 1), each), 0);
    }
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 1), night), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 23, 1), through), 0);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 1), night), 0);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 1), through), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 1), times(3600, 3600, kTuesday)), 1); // equal ends: the whole day
    EXPECT_EQ(xt_time_holds(at(2026, 11, 24, 12), times(3600, 3600, kTuesday)), 1);
    const xt_times first = times(23 * 3600, 3600, kAnyWeekday, 1U << 31, 2); // of the night after the 31st
    EXPECT_EQ(xt_time_holds(at(2027, 1, 1, 0, 30), first), 1);
    EXPECT_EQ(xt_time_holds(at(2026, 12, 31, 0, 30), first), 0);
}

TEST(Clock, LeavesOtherCenturiesToTheKernel) {
    const xt_times always = times(0, kLastSecond, kAnyWeekday);
    EXPECT_EQ(xt_time_holds(86399, always), 2);
    EXPECT_EQ(xt_time_holds(86400, always), 1);
    EXPECT_EQ(xt_time_holds(at(2039, 12, 31, 23, 59, 59), always), 1);
    EXPECT_EQ(xt_time_holds(at(2040, 1, 1), always), 2);
}

} // namespace
} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/shadow/shadow.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

constexpr TablePoint kInput{Family::V4, TableId::Filter, Hook::Input};
constexpr ShadowBook::Time kNow{};
constexpr std::chrono::seconds kLong{1};

Opinion accepts() { return {Fate::Accept, "filter:INPUT:policy", "a packet"}; }
Opinion drops() { return {Fate::Drop, "filter:INPUT:rule:1", "another packet"}; }

} // namespace

TEST(Shadow, AgreesWhereTheKernelDoesTheSame) {
    ShadowBook book;
    book.came(kInput, 1, accepts(), kNow, 0);
    book.came(kInput, 2, drops(), kNow, 0);
    book.came(kInput, 3, {Fate::Reject, "filter:INPUT:rule:2", ""}, kNow, 0);
    book.passed(kInput, 1);
    book.passed(kInput, 4); // of before
    const Findings found = book.take(kNow, 0);
    EXPECT_EQ(found.judged, 3U);
    EXPECT_TRUE(agrees(found));
    EXPECT_EQ(text(found), "3 packets judged at tables: both agree\n");
}

TEST(Shadow, TellsEachKindOfDisagreementOnce) {
    ShadowBook book;
    for (std::uint64_t packet = 0; packet < 3; ++packet) {
        book.came(kInput, packet, drops(), kNow, 0);
        book.passed(kInput, packet);
        book.came(kInput, packet + 10, accepts(), kNow, 0);
    }
    const Findings found = book.take(kNow, 0);
    ASSERT_EQ(found.disagreements.size(), 2U);
    EXPECT_EQ(found.disagreements[0].times, 3U);
    EXPECT_EQ(found.disagreements[0].by, "filter:INPUT:rule:1");
    EXPECT_EQ(found.disagreements[0].theirs, "passed");
    EXPECT_EQ(found.disagreements[1].theirs, "dropped");
    EXPECT_NE(text(found).find(
                  "iptables -t filter INPUT: ours: DROP at filter:INPUT:rule:1, in the kernel: passed (3 times); "
                  "the first: another packet\n"),
              std::string::npos)
        << text(found);
}

TEST(Shadow, ComparesWhatTargetsLeaveInThePacket) {
    ShadowBook book;
    Opinion marks = accepts();
    marks.traces = {.mark = 1, .tos = 0x10, .ttl = {}};
    const Traces cases[] = {
        {.mark = 1, .tos = 0x10, .ttl = 64}, {.mark = 2, .tos = 0x10}, {.mark = 3, .tos = 0x10}, {.mark = 1}};
    std::uint64_t packet = 0;
    for (const Traces& theirs : cases) {
        book.came(kInput, ++packet, marks, kNow, 0);
        book.passed(kInput, packet, theirs);
    }
    book.came(kInput, ++packet, drops(), kNow, 0);
    const Findings found = book.take(kNow, 0);
    EXPECT_EQ(found.judged, 5U);
    ASSERT_EQ(found.disagreements.size(), 1U);
    EXPECT_EQ(found.disagreements[0].ours, "mark 0x1");
    EXPECT_EQ(found.disagreements[0].theirs, "mark 0x2");
    EXPECT_EQ(found.disagreements[0].times, 2U);
}

TEST(Shadow, AnAddressThatComesAgainWasDropped) {
    ShadowBook book;
    book.came(kInput, 1, accepts(), kNow, 0);
    book.came(kInput, 1, accepts(), kNow, 0);
    book.passed(kInput, 1);
    const Findings found = book.take(kNow, 0);
    EXPECT_EQ(found.judged, 2U);
    EXPECT_EQ(found.disagreements.size(), 1U);
}

TEST(Shadow, WaitsBeforeItTakesAPacketForDropped) {
    ShadowBook book;
    book.came(kInput, 1, accepts(), kNow, 0);
    book.settle(kNow, 0);
    book.passed(kInput, 1);
    book.settle(kNow + kLong, 0);
    EXPECT_TRUE(agrees(book.take(kNow + kLong, 0)));
}

TEST(Shadow, WhatWasLostIsNoDisagreement) {
    ShadowBook book;
    book.came(kInput, 1, accepts(), kNow, 0);
    book.settle(kNow + kLong, 1);
    book.came(kInput, 2, {Fate::Unknown, "", ""}, kNow, 1);
    const Findings found = book.take(kNow + kLong, 1);
    EXPECT_TRUE(agrees(found));
    EXPECT_EQ(found.unsettled, 1U);
    EXPECT_EQ(found.untold, 1U);
}

} // namespace xtbpf::tool

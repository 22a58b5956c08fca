// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/pages.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

TEST(Pages, DoubleInSize) {
    EXPECT_EQ(counter_place(0), (PageIndex{0, 0}));
    EXPECT_EQ(counter_place(1023), (PageIndex{0, 1023}));
    EXPECT_EQ(counter_place(1024), (PageIndex{1, 0}));
    EXPECT_EQ(counter_place(3071), (PageIndex{1, 2047}));
    EXPECT_EQ(counter_place(3072), (PageIndex{2, 0}));
    EXPECT_EQ(limit_place(64), (PageIndex{1, 0}));
    EXPECT_EQ(counter_place(~0U).page, 22U);
}

TEST(Pages, CountNeeded) {
    EXPECT_EQ(pages_for(0, 1024), 0U);
    EXPECT_EQ(pages_for(1, 1024), 1U);
    EXPECT_EQ(pages_for(1024, 1024), 1U);
    EXPECT_EQ(pages_for(1025, 1024), 2U);
}

} // namespace xtbpf

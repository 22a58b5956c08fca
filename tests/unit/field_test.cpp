// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/field.hpp"

#include <gtest/gtest.h>

namespace xtbpf::ir {

TEST(Field, ReadsEachWidth) {
    xt_view view{};
    view.proto = 6;
    view.dport = 8080;
    view.mark = 0xdeadbeef;
    view.ct_repl_dport = 53;
    EXPECT_EQ(read(view, Field::Proto), 6U);
    EXPECT_EQ(read(view, Field::DestinationPort), 8080U);
    EXPECT_EQ(read(view, Field::Mark), 0xdeadbeefU);
    EXPECT_EQ(read(view, Field::CtReplyDestinationPort), 53U);
}

} // namespace xtbpf::ir

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/scratch_namespace.hpp"

#include <fstream>
#include <string>

namespace xtbpf::testing {

TEST_F(ScratchNamespace, HasOnlyLoopback) {
    std::ifstream devices("/proc/self/net/dev");
    std::string line;
    int count = 0;
    while (std::getline(devices, line))
        if (line.find(':') != std::string::npos) {
            ++count;
            EXPECT_NE(line.find("lo:"), std::string::npos) << line;
        }
    EXPECT_EQ(count, 1);
}

} // namespace xtbpf::testing

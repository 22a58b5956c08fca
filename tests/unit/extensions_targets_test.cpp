// SPDX-License-Identifier: GPL-2.0-or-later
// Targets that golden texts can't show: what they become, texts that iptables itself doesn't read back, and those of targets
// that this kernel refuses.
#include "tests/unit/extension_driver.hpp"

#include <array>

namespace xtbpf::test {

TEST(Extensions, NatTargets) {
    constexpr std::array kCases{
        Case{"-t nat -p tcp -j DNAT --to-destination 10.0.0.1:80 --random", " --to-destination 10.0.0.1:80 --random",
             " to:10.0.0.1:80 random", "", "dnat(a000001:0:0:0-a000001:0:0:0 ports=80-80 flags=0x4)"},
        Case{"-t nat -p tcp -j SNAT --to-source :80-90/100", " --to-source :80-90/0", " to::80-90/0", "",
             "snat( ports=80-90 flags=0x20)"},
        Case{"-t nat -p tcp -j MASQUERADE --to-ports 1-2/3", " --to-ports 1-2/0", " masq ports: 1-2/0", "",
             "masquerade( ports=1-2 flags=0x20)"},
        Case{"-t nat -p tcp -j SNAT --to-source :80-90/0", " --to-source :80-90/0", " to::80-90/0", "",
             "snat( ports=80-90 flags=0x20)"}, // as the store has it
        Case{"-t nat -j NETMAP --to 10.7.1.2/16", " --to 10.7.0.0/16", " to:10.7.0.0/16", "",
             "netmap(a070000:0:0:0-a07ffff:0:0:0 flags=0x40)"},
        Case{"6:-t nat -j NETMAP --to fd00::/112", " --to fd00::/112", " to:fd00::/112", "",
             "netmap(fd000000:0:0:0-fd000000:0:0:ffff flags=0x40)"},
        Case{"-t nat -p udp -j DNAT --to-destination 10.0.0.1:80-90/1000", " --to-destination 10.0.0.1:80-90/1000",
             " to:10.0.0.1:80-90/1000", "",
             "tied-target(DNAT/2:23000000"
             "0a000001000000000000000000000000"
             "0a000001000000000000000000000000"
             "0050005a03e8000000000000,ends,writes=0x1a0)"},
    };
    check(kCases);
}

TEST(Extensions, SecurityContextIsCutOff) {
    const std::string longest(255, 'c');
    const auto parsed = parse("-t security -j SECMARK --selctx " + longest + "cut");
    ASSERT_TRUE(parsed.has_value());
    std::string save, list;
    parsed->extension().save(save);
    parsed->extension().list(list, true);
    EXPECT_EQ(save, " --selctx " + longest);
    EXPECT_EQ(list, " SECMARK selctx " + longest);
}

TEST(Extensions, AbsentTargetsHaveTexts) {
    constexpr std::array kCases{
        Case{"-j ULOG", "", " ULOG copy_range 0 nlgroup 1 queue_threshold 1", "", "verdict"},
        Case{"-j ULOG --ulog-prefix \"a b\" --ulog-nlgroup 3 --ulog-cprange 5 --ulog-qthreshold 7",
             " --ulog-prefix \"a b\" --ulog-nlgroup 3 --ulog-cprange 5 --ulog-qthreshold 7",
             " ULOG copy_range 5 nlgroup 3 prefix \"a b\" queue_threshold 7", "", "verdict"},
        Case{"-j CLUSTERIP", "", " CLUSTERIP", "", "verdict"},
        Case{"-j CLUSTERIP --new --hashmode sourceip --clustermac 01:aa:3:4:5:6 --total-nodes 2 --local-node 1",
             " --new --hashmode sourceip --clustermac 01:AA:03:04:05:06 --total-nodes 2 --local-node 1 --hash-init 0",
             " CLUSTERIP hashmode=sourceip clustermac=01:AA:03:04:05:06 total_nodes=2 local_node=1 hash_init=0", "",
             "verdict"},
    };
    check(kCases);
}

} // namespace xtbpf::test

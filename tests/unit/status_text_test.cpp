// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/status.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

Status sample() {
    return {.tables = {{.family = Family::V6,
                        .table = TableId::Filter,
                        .chains = 4,
                        .rules = 17,
                        .store = 90,
                        .conntrack = true,
                        .whole = true,
                        .trouble = "",
                        .programs = {{Place::Netfilter, 91, "INPUT", 412}, {Place::Tc, 92, "early", 120}}}},
            .devices = {{"eth0", "tc", true, ""}, {"lo", "none", false, "not Ethernet"}}};
}

TEST(StatusText, SaysWhereEachProgramRuns) {
    EXPECT_EQ(text(sample()), "ip6tables -t filter: 17 rules in 4 chains, uses connection tracking\n"
                              "    netfilter  INPUT            program 91        412 instructions\n"
                              "    tc         early            program 92        120 instructions\n"
                              "early stage on eth0: tc\n"
                              "early stage on lo: no (not Ethernet)\n");
}

TEST(StatusText, IsAWordWithoutRules) {
    EXPECT_EQ(text({}), "No rules: no table has been touched in this network namespace.\n");
}

TEST(StatusText, JsonHoldsAllFields) {
    Status status = sample();
    status.tables[0].trouble = "a \"quoted\"\nword";
    status.tables[0].programs.resize(1);
    EXPECT_EQ(
        json(status),
        R"({"tables":[{"family":"ipv6","table":"filter","chains":4,"rules":17,"store":90,"conntrack":true,"whole":true,)"
        R"("trouble":"a \"quoted\"\u000aword","programs":[{"place":"netfilter","name":"INPUT","id":91,"instructions":412}]}],)"
        R"("devices":[{"device":"eth0","place":"tc","active":true,"reason":""},{"device":"lo","place":"none","active":false,"reason":"not Ethernet"}]})"
        "\n");
}

TEST(StatusText, JsonOfNothing) { EXPECT_EQ(json({}), "{\"tables\":[],\"devices\":[]}\n"); }

} // namespace

} // namespace xtbpf

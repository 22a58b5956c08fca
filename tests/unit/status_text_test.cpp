// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/report.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

Report sample() {
    Report report;
    TableStatus table{.family = Family::V6,
                      .table = TableId::Filter,
                      .store = 90,
                      .memory = 40960,
                      .conntrack = true,
                      .whole = true,
                      .trouble = "",
                      .programs = {{Place::Netfilter, 91, "xt_input", 412, 5000}},
                      .rules = {}};
    table.rules.chains.resize(1);
    table.rules.chains[0].rules.resize(3);
    report.status.tables.push_back(table);
    report.status.devices = {{"eth0", "tc", true, "", 92, 9000}, {"lo", "none", false, "not Ethernet", 0, 0}};
    report.placements.push_back({{.hook = Hook::Input,
                                  .rules = 3,
                                  .effects = {{"REJECT", 1}},
                                  .matches = {{"addrtype", 1}},
                                  .early = true,
                                  .left = {{"conntrack", 1}, {"REJECT", 1}},
                                  .late = ""}});
    return report;
}

TEST(StatusText, SaysWhereEachChainRuns) {
    EXPECT_EQ(text(sample()), "ip6tables -t filter: 3 rules in 1 chain, 40 KiB, uses connection tracking\n"
                              "  INPUT: 3 rules, netfilter hook, and some packets dropped early\n"
                              "    left to the hook: 2 rules: 1 REJECT, 1 conntrack\n"
                              "    asked of the kernel: 1 addrtype\n"
                              "    done by the kernel: 1 REJECT\n"
                              "    netfilter program 91 xt_input: 412 instructions, 5 KiB\n"
                              "eth0: early stage at tc, program 92, 9 KiB; the rest at the hooks\n"
                              "lo: every packet filtered at the hooks, nothing earlier (not Ethernet)\n");
}

TEST(StatusText, IsAWordWithoutRules) {
    EXPECT_EQ(text(Report{}), "No rules: no table has been touched in this network namespace.\n");
}

TEST(StatusText, JsonHoldsAllFields) {
    Report report = sample();
    report.status.tables[0].trouble = "a \"quoted\"\nword";
    EXPECT_EQ(
        json(report),
        R"({"tables":[{"family":"ipv6","table":"filter","chains":1,"rules":3,"store":90,"memory":40960,"conntrack":true,"whole":true,)"
        R"("trouble":"a \"quoted\"\nword","placements":[{"chain":"INPUT","rules":3,"program":true,"early":true,"late_because":"",)"
        R"("left_to_hook":{"REJECT":1,"conntrack":1},"asked_of_kernel":{"addrtype":1},"done_by_kernel":{"REJECT":1}}],)"
        R"("programs":[{"place":"netfilter","name":"xt_input","id":91,"instructions":412,"memory":5000}]}],)"
        R"("devices":[{"device":"eth0","place":"tc","active":true,"reason":"","program":92,"memory":9000},)"
        R"({"device":"lo","place":"none","active":false,"reason":"not Ethernet","program":0,"memory":0}]})"
        "\n");
}

TEST(StatusText, JsonOfNothing) { EXPECT_EQ(json(Report{}), "{\"tables\":[],\"devices\":[]}\n"); }

} // namespace

} // namespace xtbpf::tool

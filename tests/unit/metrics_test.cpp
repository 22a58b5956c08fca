// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/metrics.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

TEST(Metrics, LabelsAreEscapedAndUtf8) {
    EXPECT_EQ(label("plain"), "\"plain\"");
    EXPECT_EQ(label("a\"b\\c\nd"), R"("a\"b\\c\nd")");
    EXPECT_EQ(label("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
    EXPECT_EQ(label("\xff x \xc3"), "\"? x ?\"");
}

TEST(Metrics, RulesCarryTheirComment) {
    ConntrackFigures conntrack;
    conntrack.entries = 5;
    Status status;
    TableStatus table{};
    StoredChain input{.name = "INPUT", .accept = false, .account = {}, .rules = {}};
    input.account.counters = {7, 700};
    input.rules.push_back({"-p tcp -m comment --comment \"the web\" -j web", input.account});
    input.rules[0].account.counters = {3, 120};
    table.rules.chains.push_back(input);
    status.tables.push_back(table);
    status.devices = {{"eth0", "tc", true, "", 1, 1}, {"lo", "none", false, "", 0, 0}};
    const std::string text = metrics(status, conntrack, Detail::Rules);
    for (const char* line :
         {"xtbpf_table_rules{family=\"ipv4\",table=\"filter\"} 1\n",
          "xtbpf_policy_packets_total{family=\"ipv4\",table=\"filter\",chain=\"INPUT\",policy=\"DROP\"} 7\n",
          "xtbpf_rule_bytes_total{family=\"ipv4\",table=\"filter\",chain=\"INPUT\",rule=\"1\",target=\"web\",comment="
          "\"the "
          "web\"} 120\n",
          "xtbpf_device_stage{device=\"eth0\",stage=\"tc\"} 1\n",
          "xtbpf_device_stage{device=\"lo\",stage=\"netfilter\"} 1\n",
          "# TYPE xtbpf_conntrack_entries gauge\nxtbpf_conntrack_entries 5\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "isn't in\n" << text;
    EXPECT_EQ(text.find("conntrack_entries_max"), std::string::npos);
}

} // namespace

} // namespace xtbpf::tool

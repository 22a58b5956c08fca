// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf explain: the text that people read, on the sample rulesets.
#include "frontend/xtbpf/explain/explanation.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

struct Question {
    std::string ruleset, words, in, out;
    std::vector<std::string> assume{};
    bool verbose = false;
};

std::string ask(const Question& question) {
    const auto rules = rules_of_file(std::string(XTBPF_GOLDEN_DIR) + "/../../rulesets/" + question.ruleset, Family::V4);
    if (!rules) return rules.error().message;
    const auto packet = packet_from_words({question.words}, std::nullopt, nullptr);
    if (!packet) return packet.error().message;
    const auto way = way_of(question.in, question.out, "");
    if (!way) return way.error().message;
    const auto assumptions = Assumptions::parse(question.assume, *rules);
    if (!assumptions) return assumptions.error().message;
    return text(explain(*packet, *way, *rules, *assumptions), question.verbose);
}

constexpr const char* kWeb = "tcp src 198.51.100.7 dst 10.9.0.80 dport 80 state NEW";

TEST(Explain, ShowsTheRulesThatMatchAndWhatDecides) {
    EXPECT_EQ(ask({"router.rules", kWeb, "wan0", "dmz0"}),
              "packet: tcp src 198.51.100.7 dst 10.9.0.80 dport 80 state NEW\n"
              "+ filter:FORWARD:rule:1  -i wan0 -j spoofed\n"
              "+ filter:spoofed:rule:6    -j RETURN\n"
              "+ filter:FORWARD:rule:6  -i wan0 -o dmz0 -j wan-dmz\n"
              "+ filter:wan-dmz:rule:1    -d 10.9.0.80/32 -p tcp -m multiport --dports 80,443 -m state --state NEW -j "
              "ACCEPT\n"
              "ACCEPT by filter:wan-dmz:rule:1\n");
}

TEST(Explain, SaysWhyOtherRulesDoNot) {
    const std::string told = ask({"router.rules", kWeb, "wan0", "dmz0", {}, true});
    EXPECT_NE(
        told.find("- filter:spoofed:rule:1    -s 10.0.0.0/8 -j DROP   (src=10.0.0.0/8: the packet has 198.51.100.7)\n"),
        std::string::npos)
        << told;
    EXPECT_NE(
        told.find("- filter:FORWARD:rule:2  -m state --state INVALID -j DROP   (its connection's state is NEW)\n"),
        std::string::npos)
        << told;
}

TEST(Explain, DoesNotGuessWhatTheWordsDoNotSay) {
    EXPECT_EQ(
        ask({"router.rules", "src 198.51.100.7 tcp dport 22", "wan0", ""}),
        "packet: src 198.51.100.7 tcp dport 22\n"
        "+ filter:INPUT:rule:2    -i wan0 -j spoofed\n"
        "+ filter:spoofed:rule:6    -j RETURN\n"
        "? filter:INPUT:rule:3    -m state --state RELATED,ESTABLISHED -j ACCEPT   (ct-state&0x6=0x1-0xffffffff)\n"
        "UNKNOWN at filter:INPUT:rule:3: it asks for conntrack, which the packet's words don't tell; say it, or "
        "--assume "
        "conntrack=yes (or no)\n");
}

TEST(Explain, TakesAssumptions) {
    const Question question{"router.rules", "src 198.51.100.7 tcp dport 22", "wan0", "", {"filter:INPUT:3=yes"}};
    EXPECT_TRUE(ask(question).ends_with("(assumed)\nACCEPT by filter:INPUT:rule:3\n")) << ask(question);
    EXPECT_EQ(ask({"router.rules", "tcp", "wan0", "", {"filter:INPUT:99=yes"}}),
              "--assume filter:INPUT:99=yes: no such rule");
    EXPECT_EQ(ask({"router.rules", "tcp", "wan0", "", {"limit=maybe"}}),
              "--assume limit=maybe: ends neither in yes nor in no");
}

TEST(Explain, LeavesTranslationToNewConnections) {
    const std::string told = ask({"nat-kinds.rules",
                                  "tcp src 10.1.1.1 dst 192.0.2.1 dport 80 sport 9 state ESTABLISHED",
                                  "eth0",
                                  "eth1",
                                  {},
                                  true});
    EXPECT_NE(told.find("nat:PREROUTING"), std::string::npos) << told;
    EXPECT_NE(told.find("not asked: the connection has its translation already"), std::string::npos) << told;
}

TEST(Explain, FollowsTranslation) {
    EXPECT_EQ(ask({"nat-kinds.rules", "udp src 198.51.100.1 sport 4444 dst 192.0.2.1 dport 53 state NEW", "eth0", ""}),
              "packet: udp src 198.51.100.1 sport 4444 dst 192.0.2.1 dport 53 state NEW\n"
              "+ nat:PREROUTING:rule:2  -i eth0 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.53\n"
              "+ nat:INPUT:policy       ACCEPT\n"
              "ACCEPT by nat:INPUT:policy\n");
}

TEST(Explain, FollowsMarks) {
    const std::string told = ask({"mangling.rules",
                                  "tcp syn src 10.1.2.3 dst 203.0.113.1 sport 4 dport 80 state NEW",
                                  "eth0",
                                  "eth1",
                                  {},
                                  true});
    EXPECT_NE(
        told.find("- mangle:PREROUTING:rule:2   -m mark ! --mark 0x0 -j ACCEPT   (mark!=0x0: the packet has 0x0)"),
        std::string::npos)
        << told;
}

TEST(Explain, WantsToKnowTheWay) {
    EXPECT_TRUE(ask({"router.rules", "tcp", "", ""}).starts_with("say which way: --in DEVICE"));
}

TEST(Explain, WordsThatMakeNoSense) {
    const auto error = [](const char* words) {
        const auto packet = packet_from_words({words}, std::nullopt, nullptr);
        return packet ? std::string("taken") : packet.error().message;
    };
    EXPECT_EQ(error("src 10.0.0.1 dst 2001:db8::1"), "bad value for `dst': `2001:db8::1'");
    EXPECT_EQ(error("dport 80"), "ports belong to tcp, udp, sctp, dccp or udplite: say which");
    EXPECT_EQ(error("icmp flags SYN"), "TCP flags and mss belong to tcp");
    EXPECT_EQ(error("tcp dport"), "`dport' wants a value");
    EXPECT_EQ(error("tcp frobnicate"), "the packet's word `frobnicate' says nothing to me");
    EXPECT_EQ(error("hex 4500 tcp"), "the packet's headers are given already: words can't change them");
    EXPECT_EQ(error("hex 45"), "hex: not an IP packet");
    EXPECT_EQ(error("mac 00:11:22:33:44"), "bad value for `mac': `00:11:22:33:44'");
    EXPECT_EQ(error("syn ack dport 80 state new status seen_reply,assured direction reply mss 1460"), "taken");
}

TEST(Explain, JsonOfAWay) {
    const auto rules = rules_of_file(std::string(XTBPF_GOLDEN_DIR) + "/../../rulesets/router.rules", Family::V4);
    const auto packet = packet_from_words({"icmp src 10.1.0.1 state NEW"}, std::nullopt, nullptr);
    ASSERT_TRUE(rules && packet);
    EXPECT_EQ(json({explain(*packet, *way_of("lan0", "", ""), *rules, {})}, false),
              R"({"packets":[{"packet":"icmp src 10.1.0.1 state NEW","verdict":"ACCEPT","by":"filter:INPUT:rule:7",)"
              R"("tables":[{"hook":"INPUT","table":"filter","verdict":"ACCEPT","rules":[{"chain":"INPUT","rule":7,)"
              R"("text":"-i lan+ -p icmp -j ACCEPT","outcome":"match"}]}]}]})"
              "\n");
}

} // namespace

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/text/applet_run.hpp"

#include <gtest/gtest.h>

namespace xtbpf {

namespace {

// What a restore of one rule in FORWARD saves as; the error if it fails.
std::string canonical(std::string_view rule, std::string_view family = "iptables") {
    MemoryBackend backend;
    const Ran ran = run(backend, std::string(family) + "-restore",
                        "*filter\n:x - [0:0]\n-A FORWARD " + std::string(rule) + "\nCOMMIT\n");
    if (ran.code != 0) return ran.err;
    const std::string text = saved(backend, "", std::string(family) + "-save");
    const auto begin = text.find("-A FORWARD") + 10;
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    return line.empty() ? line : line.substr(1);
}

} // namespace

TEST(Restore, SavesWhatItRead) {
    MemoryBackend backend;
    const std::string text =
        "*filter\n:INPUT DROP [3:4]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n"
        "[1:60] -A INPUT -s 10.0.0.0/8 -i eth+ -p tcp -m tcp --dport 22 -j a\n"
        "[0:0] -A a -g b\n[7:8] -A b -j RETURN\nCOMMIT\n";
    const Ran ran = run(backend, "iptables-restore -c", text);
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out + ran.err, "");
    EXPECT_EQ(saved(backend, "-c"), text);
}

TEST(Restore, CanonicalForms) {
    EXPECT_EQ(canonical("-s 10.1 -d 0x0a.1.1/8"), "-s 10.1.0.0/32 -d 10.0.0.0/8");
    EXPECT_EQ(canonical("-s 1.2.3.4/255.0.255.0"), "-s 1.0.3.0/255.0.255.0");
    EXPECT_EQ(canonical("-s any/0 ! -d 0/0"), "! -d 0.0.0.0/0");
    EXPECT_EQ(canonical("-i + ! -o +"), "! -o +");
    EXPECT_EQ(canonical("-p 6 -j ACCEPT"), "-p tcp -j ACCEPT");
    EXPECT_EQ(canonical("-p ALL -f"), "-f");
    EXPECT_EQ(canonical("! -f -pudp -jx"), "-p udp ! -f -j x");
    EXPECT_EQ(canonical("-p 254"), "-p 254");
    EXPECT_EQ(canonical("-p igmp"), "-p 2");
    EXPECT_EQ(canonical("-p tcp --dport=ssh --jump x"), "-p tcp -m tcp --dport 22 -j x");
    EXPECT_EQ(canonical("--prot tcp --dest 1.2.3.4 --in-i lo"), "-d 1.2.3.4/32 -i lo -p tcp");
    EXPECT_EQ(canonical("-j CONTINUE"), "");
    EXPECT_EQ(canonical("-s 2001:DB8::1/32 ! -d ::/0", "ip6tables"), "-s 2001:db8::/32 ! -d ::/0");
    EXPECT_EQ(canonical("-p icmpv6", "ip6tables"), "-p ipv6-icmp");
}

TEST(Commands, WhatChangesNothingCommitsNothing) {
    MemoryBackend backend;
    run(backend, "iptables -N x");
    const int before = backend.commits;
    EXPECT_EQ(run(backend, "iptables -F x").code, 0);
    EXPECT_EQ(run(backend, "iptables -Z x").code, 0);
    EXPECT_EQ(run(backend, "iptables -F").code, 0);
    EXPECT_EQ(backend.commits, before);
    EXPECT_EQ(run(backend, "iptables -Z INPUT").code, 0); // its policy has counters
    run(backend, "iptables -A x -j DROP");
    EXPECT_EQ(run(backend, "iptables -F x").code, 0);
    EXPECT_EQ(backend.commits, before + 3);
}

TEST(Restore, SeveralAddressesMakeSeveralRules) {
    MemoryBackend backend;
    EXPECT_EQ(run(backend, "iptables -A INPUT -s 1.1.1.1,2.2.2.2 -d 3.3.3.3,4.4.4.0/24 -j DROP").code, 0);
    EXPECT_EQ(run(backend, "iptables -S INPUT").out, "-P INPUT ACCEPT\n"
                                                     "-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32 -j DROP\n"
                                                     "-A INPUT -s 1.1.1.1/32 -d 4.4.4.0/24 -j DROP\n"
                                                     "-A INPUT -s 2.2.2.2/32 -d 3.3.3.3/32 -j DROP\n"
                                                     "-A INPUT -s 2.2.2.2/32 -d 4.4.4.0/24 -j DROP\n");
}

TEST(Restore, TablesCommitOneByOne) {
    MemoryBackend backend;
    const Ran ran =
        run(backend, "iptables-restore", "*mangle\n-A INPUT -j DROP\nCOMMIT\n*filter\n-A nix -j DROP\nCOMMIT\n");
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err, "iptables-restore: line 5 failed\n");
    EXPECT_TRUE(backend.tables.contains({Family::V4, TableId::Mangle}));
    EXPECT_EQ(saved(backend, "-t filter"), // opened, so it exists, but empty
              "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n");
}

TEST(Restore, NoflushKeepsOthers) {
    MemoryBackend backend;
    run(backend, "iptables-restore", "*filter\n:a -\n:b -\n-A INPUT -j a\n-A a -j DROP\n-A b -j DROP\nCOMMIT\n");
    EXPECT_EQ(run(backend, "iptables-restore -n", "*filter\n:INPUT DROP\n:b -\nCOMMIT\n").code, 0);
    EXPECT_EQ(saved(backend), "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:a - [0:0]\n"
                              ":b - [0:0]\n-A INPUT -j a\n-A a -j DROP\nCOMMIT\n");
}

TEST(Restore, TestTouchesNothing) {
    MemoryBackend backend;
    EXPECT_EQ(run(backend, "iptables-restore --test", "*filter\n-A INPUT -j DROP\nCOMMIT\n").code, 0);
    EXPECT_EQ(run(backend, "iptables-restore --test", "*filter\n-A INPUT -m tcp\nCOMMIT\n").code, 1);
    EXPECT_TRUE(backend.tables.empty());
}

TEST(Restore, RefusalLeavesTheOldRules) {
    MemoryBackend backend;
    run(backend, "iptables -A INPUT -j DROP");
    backend.refusal = Error{ErrorKind::Refused, "verifier says no"};
    const Ran ran = run(backend, "iptables-restore", "*filter\n-A INPUT -j ACCEPT\nCOMMIT\n");
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err, "iptables-restore: verifier says no\niptables-restore: line 3 failed\n");
    EXPECT_EQ(run(backend, "iptables -S INPUT").out, "-P INPUT ACCEPT\n-A INPUT -j DROP\n");
}

TEST(Restore, OtherFamilysLinesAreSkipped) {
    MemoryBackend backend;
    EXPECT_EQ(run(backend, "iptables-restore", "*filter\n-6 -A INPUT -j DROP\n-4 -A INPUT -j ACCEPT\nCOMMIT\n").code,
              0);
    EXPECT_EQ(run(backend, "iptables -S INPUT").out, "-P INPUT ACCEPT\n-A INPUT -j ACCEPT\n");
}

TEST(Restore, Complaints) {
    MemoryBackend backend;
    const auto err = [&](std::string_view text, std::string_view options = "") {
        const Ran ran = run(backend, "iptables-restore " + std::string(options), text);
        return std::to_string(ran.code) + " " + ran.err;
    };
    const std::string version = "iptables-restore v1.8.11 (bpf): ";
    const auto hint = [](int line) {
        return "Error occurred at line: " + std::to_string(line) +
               "\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n";
    };
    EXPECT_EQ(err("*filter\n"), "1 iptables-restore: COMMIT expected at line 2\n");
    EXPECT_EQ(err("*nix\nCOMMIT\n"), "2 " + version + "iptables-restore: unable to initialize table 'nix'\n" + hint(1));
    EXPECT_EQ(err("*filter\nCOMMIT \n"), "2 Bad argument `COMMIT'\n" + hint(2));
    EXPECT_EQ(err("*filter\n-A INPUT -t nat\n"),
              "2 " + version + "The -t option cannot be used in iptables-restore.\n\n" + hint(2));
    EXPECT_EQ(err("*filter\n:INPUT nix\n"),
              "1 " + version + "Can't set policy `nix' on `INPUT' line 2: Bad policy name\n");
    EXPECT_EQ(err("*filter\n:INPUT DROP\n", "-c"),
              "2 " + version + "invalid policy counters for chain 'INPUT'\n" + hint(2));
    EXPECT_EQ(err("*filter\n:a -\n:a -\n"), "2 " + version + "error creating chain 'a':File exists\n" + hint(3));
    EXPECT_EQ(err(" *filter\n"), "1 iptables-restore: line 1 failed\n");
    EXPECT_EQ(err("*filter\n-A INPUT -j INPUT\nCOMMIT\n"), "1 iptables-restore: line 2 failed\n");
    EXPECT_EQ(err("*nix\n-A\nCOMMIT\n*filter\nCOMMIT\n", "-T filter"), "0 ");
    EXPECT_TRUE(run(backend, "iptables-restore -h").err.starts_with("Usage: iptables-restore [-c]"));
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// tcp, udp, icmp, icmp6. Texts as iptables-legacy prints them; ranges that run backwards and full ranges inverted as 1.8.11.
#include "tests/unit/extension_driver.hpp"

#include <array>

namespace xtbpf::test {

TEST(Extensions, Tcp) {
    constexpr std::array kCases{
        Case{"-p tcp -m tcp", "", " tcp", "", "header 20 drop1"},
        Case{"-p tcp -m tcp --dport ssh:http --sport 22", " --sport 22 --dport 22:80", " tcp spt:ssh dpts:ssh:http",
             " tcp spt:22 dpts:22:80", "header 20 drop1; sport 0x16; dport 0x16-0x50"},
        Case{"-p tcp -m tcp --dport :5 --sport 5:", " --sport 5:65535 --dport 0:5", " tcp spts:5:65535 dpts:0:5", "",
             "header 20 drop1; sport 0x5-0xffff; dport 0x0-0x5"},
        Case{"-p tcp -m tcp --source-port : --destination-port 0x16", " --dport 22", " tcp dpt:ssh", " tcp dpt:22",
             "header 20 drop1; dport 0x16"},
        Case{"-p tcp -m tcp ! --sport :", " ! --sport 0:65535", " tcp spts:!0:65535", "",
             "header 20 drop1; !sport 0x0-0xffff"},
        Case{"-p tcp -m tcp ! --tcp-option 30 ! --syn ! --dport http",
             " ! --dport 80 ! --tcp-option 30 ! --tcp-flags FIN,SYN,RST,ACK SYN",
             " tcp dpt:!http option=!30 flags:!FIN,SYN,RST,ACK/SYN", " tcp dpt:!80 option=!30 flags:!0x17/0x02",
             "header 20 drop1; !dport 0x50; !tcp-flags&0x17 0x2; !tcp-option 30"},
        Case{"-p tcp -m tcp --tcp-flags syn,ack ,Syn,", " --tcp-flags SYN,ACK SYN", " tcp flags:SYN,ACK/SYN",
             " tcp flags:0x12/0x02", "header 20 drop1; tcp-flags&0x12 0x2"},
        Case{"-p tcp -m tcp --tcp-flags ALL NONE", " --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE",
             " tcp flags:FIN,SYN,RST,PSH,ACK,URG/NONE", " tcp flags:0x3F/0x00", "header 20 drop1; tcp-flags&0x3f 0x0"},
        Case{"-p tcp -m tcp --tcp-flags NONE NONE", "", " tcp", "", "header 20 drop1"},
        Case{"-p tcp -m tcp --tcp-option 8", " --tcp-option 8", " tcp option=8", "", "header 20 drop1; tcp-option 8"},
    };
    check(kCases);
    constexpr std::array kRefusals{
        Refusal{"-p tcp -m tcp --sport 1:2 --sport 3", "Only one `--source-port' allowed"},
        Refusal{"-p tcp -m tcp --dport 1 --destination-port 3", "Only one `--destination-port' allowed"},
        Refusal{"-p tcp -m tcp --syn --tcp-flags ALL NONE", "Only one of `--syn' or `--tcp-flags'  allowed"},
        Refusal{"-p tcp -m tcp --tcp-flags ALL FOO", "Unknown TCP flag `FOO'"},
        Refusal{"-p tcp -m tcp --tcp-flags ALL", "--tcp-flags requires two args."},
        Refusal{"-p tcp -m tcp --tcp-option 0", "Bad TCP option \"0\""},
        Refusal{"-p tcp -m tcp --tcp-option 300", "Bad TCP option \"300\""},
        Refusal{"-p tcp -m tcp --tcp-option 3 --tcp-option 4", "Only one `--tcp-option' allowed"},
        Refusal{"-p tcp -m tcp --dport foo", "invalid port/service `foo' specified"},
        Refusal{"-p tcp -m tcp --dport 70000", "invalid port/service `70000' specified"},
        Refusal{"-p tcp -m tcp --dport 1:2:3", "invalid port/service `2:3' specified"},
        Refusal{"-p tcp -m tcp --dport \"\"", "invalid port/service `' specified"},
        Refusal{"-p tcp -m tcp --dport 4:3", "invalid portrange (min > max)"},
        Refusal{"-p tcp -m tcp --dport -1", "invalid port/service `-1' specified"},
    };
    check(kRefusals);
}

TEST(Extensions, Udp) {
    constexpr std::array kCases{
        Case{"-p udp -m udp", "", " udp", "", "header 8"},
        Case{"-p udp -m udp ! --sport 1:5 ! --dport domain", " ! --sport 1:5 ! --dport 53",
             " udp spts:!1:5 dpt:!domain", " udp spts:!1:5 dpt:!53", "header 8; !sport 0x1-0x5; !dport 0x35"},
        Case{"-p udp -m udp --dport 022", " --dport 22", " udp dpt:22", "", "header 8; dport 0x16"},
        Case{"-p udp -m udp --dport 70000", " --dport 4464", " udp dpt:4464", "", "header 8; dport 0x1170"},
        Case{"-p udp -m udp --dport \"\"", " --dport 0", " udp dpt:0", "", "header 8; dport 0x0"},
        Case{"-p udp -m udp --dport 7: --source-port :9", " --sport 0:9 --dport 7:65535",
             " udp spts:0:discard dpts:echo:65535", " udp spts:0:9 dpts:7:65535",
             "header 8; sport 0x0-0x9; dport 0x7-0xffff"},
        Case{"-p udp -m udp ! --dport :", " ! --dport 0:65535", " udp dpts:!0:65535", "",
             "header 8; !dport 0x0-0xffff"},
    };
    check(kCases);
    constexpr std::array kRefusals{
        Refusal{"-p udp -m udp --sport 1:2 --source-port 3", "udp: option \"--source-port\" can only be used once.\n"},
        Refusal{"-p udp -m udp --dport 0x16", "Port \"0x16\" does not resolve to anything.\n"},
        Refusal{"-p udp -m udp --dport foo", "Port \"foo\" does not resolve to anything.\n"},
        Refusal{"-p udp -m udp --dport 1:2:3", "udp: Too many components for option \"--destination-port\" (max: 2)\n"},
        Refusal{"-p udp -m udp --sport 4:3", "Port range 4-3 is negative.\n"},
    };
    check(kRefusals);
}

TEST(Extensions, Icmp) {
    constexpr std::array kCases{
        Case{"-p icmp -m icmp --icmp-type ECHO-REQ", " --icmp-type 8", " icmp echo-request", " icmptype 8",
             "header 8; icmp 0x800-0x8ff"},
        Case{"-p icmp -m icmp ! --icmp-type ping", " ! --icmp-type 8", " icmp !echo-request", " icmp !type 8",
             "header 8; !icmp 0x800-0x8ff"},
        Case{"-p icmp -m icmp --icmp-type 0x3/01", " --icmp-type 3/1", " icmp host-unreachable", " icmptype 3 code 1",
             "header 8; icmp 0x301"},
        Case{"-p icmp -m icmp --icmp-type 3/200", " --icmp-type 3/200", " icmptype 3 code 200", "",
             "header 8; icmp 0x3c8"},
        Case{"-p icmp -m icmp ! --icmp-type 77/3", " ! --icmp-type 77/3", " icmp !type 77 code 3", "",
             "header 8; !icmp 0x4d03"},
        Case{"-p icmp -m icmp --icmp-type any", " --icmp-type any", " icmp any", " icmptype 255", "header 8"},
        Case{"-p icmp -m icmp --icmp-type 255", " --icmp-type any", " icmp any", " icmptype 255", "header 8"},
        Case{"-p icmp -m icmp ! --icmp-type any", " ! --icmp-type any", " icmp !any", " icmp !type 255",
             "header 8; !icmp 0x0-0xffff"},
        Case{"-p icmp -m icmp --icmp-type 255/255", " --icmp-type 255/255", " icmptype 255 code 255", "", "header 8"},
        Case{"-p icmp -m icmp --icmp-type TOS-host-redirect", " --icmp-type 5/3", " icmp TOS-host-redirect",
             " icmptype 5 code 3", "header 8; icmp 0x503"},
        Case{"-p icmp -m icmp --icmp-type 3/1:3", " --icmp-type 3/1:3", " icmptype 3 codes 1-3", "",
             "header 8; icmp 0x301-0x303"},
        Case{"-p icmp -m icmp --icmp-type 3/3:1", " --icmp-type 3/3:1", " icmptype 3 codes 3-1", "",
             "header 8; icmp&0x0 0x1"},
    };
    check(kCases);
    constexpr std::array kRefusals{
        Refusal{"-p icmp -m icmp", "icmp: option \"--icmp-type\" must be specified\n"},
        Refusal{"-p icmp -m icmp --icmp-type 8 --icmp-type 9", "icmp: option \"--icmp-type\" can only be used once.\n"},
        Refusal{"-p icmp -m icmp --icmp-type ec", "Ambiguous ICMP type `ec': `echo-reply' or `echo-request'?"},
        Refusal{"-p icmp -m icmp --icmp-type \"\"", "Ambiguous ICMP type `': `any' or `echo-reply'?"},
        Refusal{"-p icmp -m icmp --icmp-type foo", "Unknown ICMP type `foo'"},
        Refusal{"-p icmp -m icmp --icmp-type 256", "Unknown ICMP type `256'"},
        Refusal{"-p icmp -m icmp --icmp-type 8/", "Unknown ICMP code `8/'"},
        Refusal{"-p icmp -m icmp --icmp-type 8/256", "Unknown ICMP code `8/256'"},
        Refusal{"-p icmp -m icmp --icmp-type 3/1/2", "unknown character /"},
        Refusal{"-p icmp -m icmp --icmp-type 3:4/1", "ICMP type range not supported"},
    };
    check(kRefusals);
}

TEST(Extensions, Icmp6) {
    constexpr std::array kCases{
        Case{"6:-p icmpv6 -m icmp6 --icmpv6-type bad-header", " --icmpv6-type 4/0", " ipv6-icmp bad-header",
             " ipv6-icmptype 4 code 0", "header 8; icmp 0x400"},
        Case{"6:-p icmpv6 -m icmpv6 ! --icmpv6-type ping", " ! --icmpv6-type 128", " ipv6-icmp !echo-request",
             " ipv6-icmp !type 128", "header 8; !icmp 0x8000-0x80ff"},
        Case{"6:-p icmpv6 -m icmp6 --icmpv6-type 255", " --icmpv6-type 255", " ipv6-icmptype 255", "",
             "header 8; icmp 0xff00-0xffff"},
        Case{"6:-p icmpv6 -m icmp6 --icmpv6-type mld-listener-red", " --icmpv6-type 132",
             " ipv6-icmp mld-listener-done", " ipv6-icmptype 132", "header 8; icmp 0x8400-0x84ff"},
        Case{"6:-p icmpv6 -m icmp6 --icmpv6-type neighbor-so", " --icmpv6-type 135",
             " ipv6-icmp neighbour-solicitation", " ipv6-icmptype 135", "header 8; icmp 0x8700-0x87ff"},
    };
    check(kCases);
    constexpr std::array kRefusals{
        Refusal{"6:-p icmpv6 -m icmp6", "icmp6: option \"--icmpv6-type\" must be specified\n"},
        Refusal{"6:-p icmpv6 -m icmp6 --icmpv6-type any", "Unknown ICMPv6 type `any'"},
        Refusal{"6:-p icmpv6 -m icmp6 --icmpv6-type neigh",
                "Ambiguous ICMPv6 type `neigh': `neighbour-solicitation' or `neighbor-solicitation'?"},
    };
    check(kRefusals);
}

TEST(Extensions, TransportByProtocol) {
    EXPECT_EQ(match_of_protocol(6, Family::V4), find_match("tcp", Family::V4));
    EXPECT_EQ(match_of_protocol(17, Family::V6), find_match("udp", Family::V6));
    EXPECT_EQ(match_of_protocol(1, Family::V6), nullptr);
    EXPECT_EQ(match_of_protocol(58, Family::V6), find_match("icmpv6", Family::V6));
    EXPECT_EQ(find_match("icmpv6", Family::V4), nullptr);
    EXPECT_EQ(find_match("nosuch", Family::V4), nullptr);
    EXPECT_EQ(find_match("icmp6", Family::V6)->name, "icmp6");
}

} // namespace xtbpf::test

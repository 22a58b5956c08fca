// SPDX-License-Identifier: GPL-2.0-or-later
// What each option becomes in the IR. The texts are in tests/golden/extensions.txt; here they only show which case it is.
#include "tests/unit/extension_driver.hpp"
#include "translator/limit.hpp"

#include <array>

namespace xtbpf::test {

namespace {

struct Lowering {
    std::string_view words, lowered;
};

void check(std::span<const Lowering> cases) {
    for (const Lowering& want : cases) {
        const auto parsed = parse(want.words);
        ASSERT_TRUE(parsed.has_value()) << want.words << ": " << parsed.error().message;
        std::string lowered;
        if (!parsed->matches.empty()) {
            std::vector<ir::Predicate> predicates;
            parsed->matches[0]->lower(parsed->rule, predicates);
            for (const auto& predicate : predicates)
                lowered += (lowered.empty() ? "" : "; ") + describe(predicate);
        } else {
            lowered = describe(parsed->target->lower(parsed->rule));
        }
        EXPECT_EQ(lowered, want.lowered) << want.words;
    }
}

} // namespace

TEST(ExtensionsLowering, FieldsOfThePacket) {
    constexpr std::array kCases{
        Lowering{"-m mark --mark 0x10/0xff", "mark&0xff 0x10"},
        Lowering{"-m mark ! --mark 1", "!mark 0x1"},
        Lowering{"-m comment --comment x", ""},
        Lowering{"-m length ! --length 5:70", "!ip-len 0x5-0x46"},
        Lowering{"-m length --length :", "ip-len 0x0-0xffff"},
        Lowering{"-m ttl ! --ttl-eq 5", "!ttl 0x5"},
        Lowering{"-m ttl --ttl-lt 5", "ttl 0x0-0x4"},
        Lowering{"-m ttl --ttl-lt 0", "ttl&0x0 0x1"},
        Lowering{"-m ttl --ttl-gt 5", "ttl 0x6-0xff"},
        Lowering{"-m ttl --ttl-gt 255", "ttl&0x0 0x1"},
        Lowering{"6:-m hl --hl 64", "ttl 0x40"},
        Lowering{"-m tos ! --tos Minimize-Delay", "!tos&0x3f 0x10"},
        Lowering{"-m tos --tos 0x10", "tos&0xff 0x10"},
        Lowering{"-m dscp --dscp-class EF", "tos&0xfc 0xb8"},
        Lowering{"-m dscp ! --dscp 1", "!tos&0xfc 0x4"},
        Lowering{"-m pkttype --pkt-type bcast", "pkttype 0x1"},
        Lowering{"-m pkttype ! --pkt-type multicast", "!pkttype 0x2"},
        Lowering{"-m mac --mac-source 00:11:22:33:44:5f", "mac-valid 0x1; mac-src-hi 0x11; mac-src-lo 0x2233445f"},
        Lowering{"-m mac ! --mac-source aa:01:22:33:44:55",
                 "mac-valid 0x1; any(!mac-src-hi 0xaa01 | !mac-src-lo 0x22334455)"},
        Lowering{"-m iprange --src-range 1.2.3.4-1.2.3.9 ! --dst-range 10.1",
                 "src 01020304:00000000:00000000:00000000-01020309:00000000:00000000:00000000; "
                 "!dst 0a010000:00000000:00000000:00000000-0a010000:00000000:00000000:00000000"},
        Lowering{"6:-m iprange --dst-range fe80::1-fe80::ff",
                 "dst fe800000:00000000:00000000:00000001-fe800000:00000000:00000000:000000ff"},
    };
    check(kCases);
}

TEST(ExtensionsLowering, Multiport) {
    constexpr std::array kCases{
        Lowering{"-p tcp -m multiport --dports 1,2,5:7", "header 4; dport 0x1,0x2,0x5-0x7"},
        Lowering{"-p udp -m multiport ! --sports 53", "header 4; !sport 0x35"},
        Lowering{"-p tcp -m multiport --ports 1,9:10", "header 4; any(sport 0x1,0x9-0xa | dport 0x1,0x9-0xa)"},
        Lowering{"-p tcp -m multiport ! --ports 1", "header 4; !any(sport 0x1 | dport 0x1)"},
    };
    check(kCases);
}

// Without a conntrack entry: true if the state was asked for (and held), else false.
TEST(ExtensionsLowering, Conntrack) {
    constexpr std::array kCases{
        Lowering{"-m conntrack --ctstate RELATED,ESTABLISHED", "ct-state&0x6 0x1-0xffffffff"},
        Lowering{"-m conntrack ! --ctstate INVALID,NEW,UNTRACKED,SNAT,DNAT", "!ct-state&0x1c9 0x1-0xffffffff"},
        Lowering{"-m state ! --state NEW,INVALID", "!ct-state&0x9 0x1-0xffffffff"},
        Lowering{"-m conntrack --ctproto tcp", "ct-proto 0x6 unless ct<1:false"},
        Lowering{"-m conntrack ! --ctproto 17 --ctstate NEW",
                 "ct-state&0x8 0x1-0xffffffff; !ct-proto 0x11 unless ct<1:true"},
        Lowering{
            "-m conntrack ! --ctorigsrc 1.2.3.4/24",
            "!ct-orig-src 01020300:00000000:00000000:00000000/ffffff00:00000000:00000000:00000000 unless ct<1:false"},
        Lowering{
            "6:-m conntrack --ctrepldst fe80::1",
            "ct-repl-dst fe800000:00000000:00000000:00000001/ffffffff:ffffffff:ffffffff:ffffffff unless ct<1:false"},
        Lowering{"-m conntrack --ctorigdstport 80:90 ! --ctreplsrcport :5",
                 "ct-orig-dport 0x50-0x5a unless ct<1:false; !ct-repl-sport 0x0-0x5 unless ct<1:false"},
        Lowering{"-m conntrack --ctstatus ASSURED,CONFIRMED", "ct-status&0xc 0x1-0xffffffff unless ct<1:false"},
        Lowering{"-m conntrack ! --ctstatus NONE", "!ct-status&0x0 0x1-0xffffffff unless ct<1:false"},
        Lowering{"-m conntrack ! --ctexpire 5:", "!ct-expires 0x5-0xffffffff unless ct<1:false"},
        Lowering{"-m conntrack --ctdir REPLY", "ct-dir 0x1 unless ct<1:false"},
        Lowering{"-m conntrack --ctdir original", "ct-dir 0x0 unless ct<1:false"},
        Lowering{"-m connmark ! --mark 1/3", "!ct-mark&0x3 0x1 unless ct<1:false"},
    };
    check(kCases);
}

// Without a socket, and for ids without a file, an option is true if and only if it is inverted.
TEST(ExtensionsLowering, Owner) {
    constexpr std::array kCases{
        Lowering{"-m owner --uid-owner 5-10", "uid 0x5-0xa unless owner<2:false"},
        Lowering{"-m owner ! --uid-owner 0 ! --gid-owner 7",
                 "!uid 0x0 unless owner<2:true; !gid 0x7 unless owner<2:true"},
        Lowering{"-m owner --socket-exists", "owner 0x1-0x2"},
        Lowering{"-m owner ! --socket-exists --uid-owner 1", "!owner 0x1-0x2; uid 0x1 unless owner<2:false"},
        // struct xt_owner_match_info: uid_min, uid_max, gid_min, gid_max, match, invert, padded to 24 bytes
        Lowering{"-m owner ! --gid-owner 5 --suppl-groups",
                 "kernel owner.1 000000000000000005000000050000000a02000000000000"},
    };
    check(kCases);
}

// struct xt_addrtype_info_v1: source, dest, flags
TEST(ExtensionsLowering, Addrtype) {
    constexpr std::array kCases{
        Lowering{"-m addrtype --dst-type LOCAL", "kernel addrtype.1 0000040000000000"},
        Lowering{"-m addrtype ! --src-type LOCAL,UNICAST --limit-iface-in", "kernel addrtype.1 0600000005000000"},
        Lowering{"-m addrtype --src-type XRESOLVE ! --dst-type UNSPEC --limit-iface-out",
                 "kernel addrtype.1 000801000a000000"},
    };
    check(kCases);
}

TEST(ExtensionsLowering, HooksThatTheKernelRefuses) {
    const auto in = parse("-m addrtype --src-type LOCAL --limit-iface-in"),
               out = parse("-m addrtype --src-type LOCAL --limit-iface-out");
    EXPECT_TRUE(in->matches[0]->check(in->rule, hook_bit(Hook::Input)).has_value());
    EXPECT_FALSE(in->matches[0]->check(in->rule, hook_bit(Hook::Output)).has_value());
    EXPECT_TRUE(out->matches[0]->check(out->rule, hook_bit(Hook::Forward)).has_value());
    EXPECT_FALSE(out->matches[0]->check(out->rule, hook_bit(Hook::Forward) | hook_bit(Hook::Prerouting)).has_value());
}

TEST(ExtensionsLowering, Limit) {
    constexpr std::array kCases{
        Lowering{"-m limit", "limit 12000000 burst 5"},
        Lowering{"-m limit --limit 10/sec --limit-burst 20", "limit 1000 burst 20"},
        Lowering{"-m limit --limit 7/m", "limit 85714 burst 5"},
    };
    check(kCases);
    EXPECT_EQ(limit_credits(5 * 1000, {}) / limit_credits(1000, {}), 5U);
    EXPECT_EQ(limit_credits(5 * 85714, {}) / limit_credits(85714, {}),
              4U); // rounded down: the kernel lets four through
}

TEST(ExtensionsLowering, Targets) {
    constexpr std::array kCases{
        Lowering{"-j REJECT", "reject 3"},
        Lowering{"-j REJECT --reject-with icmp-net-unreachable", "reject 0"},
        Lowering{"-j REJECT --reject-with host-unreach", "reject 1"},
        Lowering{"-j REJECT --reject-with proto-unreach", "reject 2"},
        Lowering{"-j REJECT --reject-with net-prohib", "reject 9"},
        Lowering{"-j REJECT --reject-with host-prohib", "reject 10"},
        Lowering{"-j REJECT --reject-with admin-prohib", "reject 13"},
        Lowering{"-p tcp -j REJECT --reject-with tcp-rst", "reject tcp-reset"},
        Lowering{"6:-j REJECT", "reject 4"},
        Lowering{"6:-j REJECT --reject-with no-route", "reject 0"},
        Lowering{"6:-j REJECT --reject-with adm-prohibited", "reject 1"},
        Lowering{"6:-j REJECT --reject-with addr-unreach", "reject 3"},
        Lowering{"6:-j REJECT --reject-with policy-fail", "reject 5"},
        Lowering{"6:-j REJECT --reject-with reject-route", "reject 6"},
        Lowering{"6:-p tcp -j REJECT --reject-with tcp-reset", "reject tcp-reset"},
        Lowering{"-j LOG", "log '' 4 0x0"},
        Lowering{"-j LOG --log-prefix \"a b\" --log-level debug --log-uid --log-macdecode", "log 'a b' 7 0x28"},
    };
    check(kCases);
    const TargetDef* reject = find_target("REJECT", Family::V4);
    EXPECT_EQ(reject->limits.table, TableId::Filter);
    EXPECT_EQ(reject->limits.hooks & hook_bit(Hook::Prerouting), 0U);
    EXPECT_EQ(find_target("LOG", Family::V6)->limits.hooks, ~0U);
}

} // namespace xtbpf::test

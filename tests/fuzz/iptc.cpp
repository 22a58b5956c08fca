// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the ip_tables interface: a table in the kernel's form, with bytes of it changed, is what a program wants to be put in
// force. It is refused, or it comes back the same. Input: which table (1 byte), then changes: offset (2 bytes), value (1 byte).
#include "frontend/iptc/interface.hpp"
#include "tests/text/applet_run.hpp"
#include "tests/text/memory_sets.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <linux/netfilter_ipv4/ip_tables.h>

namespace {

using namespace xtbpf;

constexpr std::array kRulesets{
    "*filter\n:a - [0:0]\n-A INPUT -s 10.0.0.0/8 ! -d 10.1.2.3 -i eth+ -p tcp -m tcp --dport 22 ! --sport :1023 -j "
    "a\n-A INPUT -f -g a\n"
    "-A a -m conntrack --ctstate NEW --ctorigsrc 10.0.0.1 --ctdir REPLY -m limit --limit 3/min -j LOG --log-prefix x\n"
    "-A a -p udp -m multiport --ports 1,2:3 -m comment --comment \"a b\" -m state --state NEW -j REJECT\nCOMMIT\n",
    "*filter\n-A INPUT -p icmp -m icmp --icmp-type 3/1 -m recent --update --seconds 4 --name n -m length --length 3:4 "
    "-j DROP\n"
    "-A INPUT -m hashlimit --hashlimit-above 10kb/s --hashlimit-mode srcip --hashlimit-name h -m mac --mac-source "
    "1:2:3:4:5:6 -j NFLOG\n"
    "-A INPUT -m hashlimit --hashlimit-upto 10/s --hashlimit-name h -m set --match-set four src -j SET --add-set other "
    "dst\n"
    "-A OUTPUT -m owner --uid-owner 0-5 -m iprange ! --src-range 1.2.3.4-5.6.7.8 -m ttl --ttl-lt 4 -m dscp --dscp 3 -m "
    "tos --tos 4\n"
    "-A OUTPUT -m addrtype --src-type LOCAL -m pkttype --pkt-type host -m mark ! --mark 3/4 -m connmark --mark 5 -j "
    "QUEUE\nCOMMIT\n",
    "*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 1.2.3.4-1.2.3.5:80-90/1 --random\n-A POSTROUTING -j "
    "MASQUERADE --random\n"
    "-A POSTROUTING -p udp -j SNAT --to-source 1.2.3.4:5-6\n-A OUTPUT -p tcp -j REDIRECT --to-ports 5\n-A PREROUTING "
    "-j NETMAP --to 1.0.0.0/8\nCOMMIT\n",
    "*mangle\n-A FORWARD -j TOS --set-tos 4\n-A FORWARD -j DSCP --set-dscp 4\n-A FORWARD -j TTL --ttl-dec 4\n-A "
    "FORWARD -j MARK --set-mark 4\n"
    "-A FORWARD -j CONNMARK --save-mark\n-A PREROUTING -p tcp -j TPROXY --on-port 4\n-A FORWARD -j TEE --gateway "
    "1.2.3.4 --oif e\n"
    "-A FORWARD -p tcp -m tcp --syn -m tcpmss --mss 4:5 -j TCPMSS --set-mss 4\n-A FORWARD -j CLASSIFY --set-class 1:2\n"
    "-A FORWARD -j NFQUEUE --queue-balance 1:4 --queue-bypass\nCOMMIT\n"
    "*raw\n-A PREROUTING -j CT --zone 4\n-A PREROUTING -j NOTRACK\n-A OUTPUT -j TRACE\nCOMMIT\n",
    "*filter\n:a - [0:0]\n-A a -p ah -m ah --ahspi 1:2 -m cgroup --cgroup 5 -m cluster --cluster-total-nodes 4 "
    "--cluster-local-node 2 --cluster-hash-seed 7\n-A a -m bpf --bytecode \"2,48 0 0 9,6 0 0 65535\" -m connlabel "
    "--label 5 "
    "--set\n-A a -p dccp -m dccp --dport 5 --dccp-types RESET --dccp-option 3 -m nfacct --nfacct-name n\n-A a -p "
    "ipcomp -m "
    "ipcomp --ipcompspi 4:5\n-A a -m ipvs --vaddr 1.2.3.0/24 --vport 80\n-A a -p tcp -m osf --genre Linux --ttl 2\n-A "
    "a -m "
    "rateest --rateest-delta --rateest1 a --rateest-bps1 8mbit --rateest-gt --rateest-bps2 9bit\n-A a -p sctp -m sctp "
    "--sport 1:2 "
    "--chunk-types any DATA:Be,INIT\n-A a -m u32 --u32 \"0>>22&0x3C@4=1:2,5&&3=4\"\n-A a -j IDLETIMER --timeout 5 "
    "--label l\n"
    "-A a -j LED --led-trigger-id i\n-A a -j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog "
    "0.5s\nCOMMIT\n"
    "*mangle\n-A FORWARD -j HMARK --hmark-tuple src,sport --hmark-mod 5 --hmark-rnd 6\n-A FORWARD -j CONNSECMARK "
    "--save\nCOMMIT\n",
    "*filter\n-A INPUT -m ah --ahspi 1 --ahlen 5 -m dst --dst-len 5 --dst-opts 1:2,3 -m hbh --hbh-opts 1\n-A INPUT -m "
    "eui64 "
    "-m frag --fragid 1:3 --fragmore -m ipv6header --header hop --soft\n-A INPUT -p mh -m mh --mh-type 1:3\n-A INPUT "
    "-m srh "
    "--srh-psid a::/64 --srh-tag 1 -m rt --rt-type 0\nCOMMIT\n*mangle\n-A POSTROUTING -j SNPT --src-pfx fd00::/48 "
    "--dst-pfx "
    "2001:db8::/48\n-A PREROUTING -j DNPT --src-pfx fd00::/48 --dst-pfx 2001:db8::/48\nCOMMIT\n",
    "*filter\n:a - [0:0]\n-A INPUT -s fe80::/10 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m hl --hl-eq 5 -j a\n-A a -j "
    "REJECT\nCOMMIT\n"
    "*nat\n-A PREROUTING -p tcp -j DNAT --to-destination [fe80::1]:80\n-A POSTROUTING -j SNAT --to-source "
    "fe80::1-fe80::2\n"
    "-A OUTPUT -p tcp -j REDIRECT --to-ports 5\n-A PREROUTING -j NETMAP --to fe80::/64\nCOMMIT\n",
};

// The value of IPT_SO_SET_REPLACE.
iptc::Bytes request(const iptc::Layout& layout, TableId table) {
    ipt_replace head{};
    const std::string_view name = xtbpf::name(table);
    name.copy(head.name, sizeof head.name - 1);
    head.valid_hooks = layout.valid_hooks;
    head.num_entries = head.num_counters = static_cast<std::uint32_t>(layout.counters.size());
    head.size = static_cast<std::uint32_t>(layout.entries.size());
    std::memcpy(head.hook_entry, layout.hook_entry.data(), sizeof head.hook_entry);
    std::memcpy(head.underflow, layout.underflow.data(), sizeof head.underflow);
    iptc::Bytes bytes(offsetof(ipt_replace, entries));
    std::memcpy(bytes.data(), &head, bytes.size());
    bytes.insert(bytes.end(), layout.entries.begin(), layout.entries.end());
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    use_memory_sets();
    const std::size_t which = data[0] % kRulesets.size();
    const Family family = which + 2 < kRulesets.size() ? Family::V4 : Family::V6;
    MemoryBackend backend;
    if (run(backend, family == Family::V4 ? "iptables-restore" : "ip6tables-restore", kRulesets[which]).code != 0)
        std::abort();
    auto chosen = backend.tables.begin();
    std::advance(chosen, data[0] / kRulesets.size() % backend.tables.size());
    const TableId table = chosen->first.second;
    const auto layout = iptc::encode_table(chosen->second);
    if (!layout) std::abort();
    iptc::Bytes value = request(*layout, table);
    for (std::size_t at = 1; at + 3 <= size; at += 3)
        value[(data[at] | data[at + 1] << 8) % value.size()] = data[at + 2];
    if (!iptc::answer({.family = family, .question = iptc::Question::Replace, .value = value}, backend)) return 0;
    for (const auto& [key, stored] : backend.tables) {
        const auto again = iptc::encode_table(stored);
        if (!again || !iptc::decode_table(*again, key.first, key.second)) std::abort();
    }
    return 0;
}

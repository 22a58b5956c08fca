// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage's program on single frames: what it drops and counts, and what makes it leave a packet alone.
#include "datapath/counters.hpp"
#include "datapath/early_load.hpp"
#include "datapath/early_program.hpp"
#include "tests/kernel/early_frames.hpp"
#include "tests/kernel/scratch_namespace.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <cstdlib>
#include <cstring>
#include <linux/bpf.h>
#include <linux/if_ether.h>

namespace xtbpf::early {

namespace {

using testing::Bytes;
using testing::Frame;

bool run(const std::string& command) { return std::system(("{ " + command + "\n} >/dev/null 2>&1").c_str()) == 0; }

ir::Rule drop_port(std::uint16_t port, ir::Slot slot) {
    return {
        {ir::FieldTest{.field = ir::Field::DestinationPort, .ranges = {{port, port}}, .gate = {}}}, ir::Drop{}, slot};
}

// Base chains as the anchor makes them; without rules they accept.
const char* const kAnchor = R"(nft -f - <<'END'
table ip iptables-bpf {
  chain raw-PREROUTING { type filter hook prerouting priority -300; }
  chain filter-INPUT { type filter hook input priority 0; }
  chain filter-FORWARD { type filter hook forward priority 0; }
}
table ip6 iptables-bpf {
  chain filter-INPUT { type filter hook input priority 0; }
}
END)";

constexpr int kShot = 2;
constexpr int kPass = -1;

class EarlyStage : public xtbpf::testing::ScratchNamespace {
  protected:
    void SetUp() override {
        ScratchNamespace::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(run("ip link add ea0 address 02:00:00:00:00:01 type veth peer name ea1 && ip link set ea0 up && ip "
                        "link set ea1 up"));
        ASSERT_TRUE(run("ip addr add 10.9.0.1/24 dev ea0 && ip addr add fd09::1/64 dev ea0 nodad"));
        ASSERT_TRUE(run(kAnchor));
        index_ = static_cast<int>(::if_nametoindex("ea0"));
        // Raw drops port 1, filter INPUT port 2, filter FORWARD port 3 by way of a user chain; slots tell the rules
        // apart.
        add(Family::V4, TableId::Raw, {{"PREROUTING", ir::Builtin{Hook::Prerouting, true, 0}, {drop_port(1, 1)}}});
        const std::vector<ir::Chain> filter{
            {"INPUT", ir::Builtin{Hook::Input, true, 0}, {drop_port(2, 1)}},
            {"FORWARD", ir::Builtin{Hook::Forward, true, 2}, {{{}, ir::Jump{2}, 3}}},
            {"user", {}, {drop_port(3, 4)}},
        };
        add(Family::V4, TableId::Filter, filter);
        add(Family::V6, TableId::Filter, filter);
        load();
    }

    void add(Family family, TableId id, std::vector<ir::Chain> chains) {
        CounterPages pages;
        ASSERT_TRUE(pages.ensure(8).has_value());
        tables_.push_back({{family, id, std::move(chains)}, std::move(pages)});
    }

    void load() {
        const Code code = compile(tables_);
        EXPECT_EQ(code.families[0].linked, 1 << 0 | 1 << 3 | 1 << 6); // raw PREROUTING, filter INPUT and FORWARD
        EXPECT_EQ(code.families[1].linked, 1 << 3 | 1 << 6);
        auto loaded = early::load(Place::Tc, code, tables_);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
        program_ = std::move(*loaded);
    }

    int fate(const Bytes& bytes) {
        __sk_buff context{};
        context.ifindex = static_cast<std::uint32_t>(index_);
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes.data(),
                    .data_size_in = static_cast<std::uint32_t>(bytes.size()), .ctx_in = &context,
                    .ctx_size_in = sizeof context);
        EXPECT_EQ(bpf_prog_test_run_opts(program_.get(), &options), 0) << std::strerror(errno);
        return static_cast<int>(options.retval);
    }
    Frame to_port(std::uint16_t port) const {
        Frame frame = frame_;
        frame.port = port;
        return frame;
    }
    Counters count(std::size_t table, std::uint32_t slot) {
        return tables_[table].counters.read(slot, slot + 1).value()[0];
    }

    int index_ = 0;
    Frame frame_;
    std::vector<TableInForce> tables_;
    Fd program_;
};

TEST_F(EarlyStage, DropsWhereAChainWouldAndCountsTheWay) {
    EXPECT_EQ(fate(to_port(1).ipv4()), kShot);
    EXPECT_EQ(count(0, 1), (Counters{1, 54}));
    EXPECT_EQ(count(0, 0), Counters{});

    EXPECT_EQ(fate(to_port(2).ipv4()), kShot);
    EXPECT_EQ(count(0, 0), (Counters{1, 54})); // raw's policy
    EXPECT_EQ(count(1, 1), (Counters{1, 54}));

    EXPECT_EQ(fate(to_port(2).ipv6()), kShot);
    EXPECT_EQ(count(2, 1), (Counters{1, 74}));

    Frame padded = to_port(2);
    padded.padding = 100;
    EXPECT_EQ(fate(padded.ipv4()), kShot);
    EXPECT_EQ(count(1, 1), (Counters{2, 108}));

    EXPECT_EQ(fate(to_port(9).ipv4()), kPass);
    EXPECT_EQ(count(1, 0), Counters{});
    EXPECT_EQ(count(0, 0).packets, 2U);
}

TEST_F(EarlyStage, LoadsForXdpToo) {
    const auto loaded = early::load(Place::Xdp, compile(tables_), tables_);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
}

TEST_F(EarlyStage, LeavesOddPacketsAlone) {
    Frame frame = to_port(1);
    frame.fragment = 0x2000; // more fragments
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame = to_port(1);
    frame.destination.back() ^= 1;
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    Bytes bytes = to_port(1).ipv4();
    bytes[24] ^= 1; // checksum
    EXPECT_EQ(fate(bytes), kPass);
    bytes = to_port(1).ipv4();
    bytes.resize(bytes.size() - 1); // shorter than its length says
    EXPECT_EQ(fate(bytes), kPass);
    bytes = to_port(1).ipv4();
    bytes.insert(bytes.begin() + 12, {0x81, 0, 0, 5}); // VLAN tag
    EXPECT_EQ(fate(bytes), kPass);
    frame = to_port(2);
    frame.to = {10, 9, 0, 255}; // broadcast
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame = to_port(2);
    frame.from = {10, 9, 0, 1}; // our own address
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame.from = {127, 0, 0, 1};
    EXPECT_EQ(fate(frame.ipv4()), kPass);
}

TEST_F(EarlyStage, ForwardsOnlyWhatTheStackWould) {
    ASSERT_TRUE(run("ip link add eb0 type veth peer name eb1 && ip link set eb0 up && ip link set eb1 up && ip addr "
                    "add 10.9.1.1/24 dev eb0"));
    Frame frame = to_port(3);
    frame.to = {10, 9, 1, 2};
    EXPECT_EQ(fate(frame.ipv4()), kPass); // forwarding is off
    ASSERT_TRUE(run("sysctl -w net.ipv4.ip_forward=1"));
    EXPECT_EQ(fate(frame.ipv4()), kShot);
    EXPECT_EQ(count(1, 3), (Counters{1, 54}));
    EXPECT_EQ(count(1, 4), (Counters{1, 54}));
    frame.ttl = 1;
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame.ttl = 64;
    frame.to = {10, 77, 0, 1}; // no route
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame.to = {10, 9, 0, 77}; // back where it came from: a redirect would be sent
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame.to = {10, 9, 1, 2};
    ASSERT_TRUE(run("ip link set eb0 mtu 68"));
    frame.payload = 200;
    EXPECT_EQ(fate(frame.ipv4()), kPass);
}

TEST_F(EarlyStage, KnowsTheOutInterfaceAndTheTtlOfForward) {
    ASSERT_TRUE(
        run("ip link add eb0 type veth peer name eb1 && ip link set eb0 up && ip link set eb1 up && ip addr add "
            "10.9.1.1/24 dev eb0 && sysctl -w net.ipv4.ip_forward=1"));
    ir::InterfaceTest out{.direction = ir::Direction::Out};
    std::memcpy(out.name.data(), "eb0", 3);
    std::memset(out.mask.data(), 0xff, 4);
    const ir::FieldTest ttl{.field = ir::Field::Ttl, .ranges = {{63, 63}}, .gate = {}};
    tables_[1].table.chains[2].rules = {{{out, ttl}, ir::Drop{}, 5}};
    load();
    Frame frame = frame_;
    frame.to = {10, 9, 1, 2};
    EXPECT_EQ(fate(frame.ipv4()), kShot);
    EXPECT_EQ(count(1, 5), (Counters{1, 54}));
    frame.ttl = 63;
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    frame.ttl = 64;
    ASSERT_TRUE(run("ip link set eb0 name eb9"));
    EXPECT_EQ(fate(frame.ipv4()), kPass);
}

TEST_F(EarlyStage, ReversePathFilter) {
    Frame frame = to_port(2);
    frame.from = {10, 88, 0, 1}; // not routed
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    ASSERT_TRUE(run("ip link add eb0 type veth peer name eb1 && ip link set eb0 up && ip link set eb1 up && ip route "
                    "add 10.88.0.0/16 dev eb0"));
    EXPECT_EQ(fate(frame.ipv4()), kShot);
    ASSERT_TRUE(run("sysctl -w net.ipv4.conf.all.rp_filter=2"));
    EXPECT_EQ(fate(frame.ipv4()), kShot);
    ASSERT_TRUE(run("sysctl -w net.ipv4.conf.all.rp_filter=1"));
    EXPECT_EQ(fate(frame.ipv4()), kPass);
    ASSERT_TRUE(run("ip route replace 10.88.0.0/16 dev ea0"));
    EXPECT_EQ(fate(frame.ipv4()), kShot);
    ASSERT_TRUE(run("ip rule add prio 100 from 10.88.0.0/16 unreachable"));
    EXPECT_EQ(fate(frame.ipv4()), kPass);
}

TEST_F(EarlyStage, ForeignChainsComeFirst) {
    ASSERT_TRUE(
        run("nft 'add table ip other; add chain ip other early { type filter hook prerouting priority -350; }'"));
    EXPECT_EQ(fate(to_port(1).ipv4()), kPass);
    ASSERT_TRUE(run("nft 'delete table ip other; add table ip other; add chain ip other late { type filter hook input "
                    "priority 10; }'"));
    EXPECT_EQ(fate(to_port(1).ipv4()), kShot);
    EXPECT_EQ(fate(to_port(2).ipv4()), kShot);
    ASSERT_TRUE(run("nft 'add chain ip other nat { type nat hook prerouting priority -100; }'"));
    EXPECT_EQ(fate(to_port(1).ipv4()), kShot);
    EXPECT_EQ(fate(to_port(2).ipv4()), kPass);
    ASSERT_TRUE(run("nft flush ruleset"));
    EXPECT_EQ(fate(to_port(1).ipv4()), kPass);
}

TEST_F(EarlyStage, BehindConntrackOnlyNewConnections) {
    ASSERT_TRUE(run("nft 'add table ip other; add chain ip other c; add rule ip other c ct state new'"));
    EXPECT_EQ(fate(to_port(2).ipv4()), kShot);
    Frame icmp = to_port(2);
    icmp.protocol = 1;
    EXPECT_EQ(fate(icmp.ipv4()), kPass);
    icmp.port = 1;
    EXPECT_EQ(fate(icmp.ipv4()), kShot); // raw comes before conntrack
    ASSERT_TRUE(run("conntrack -I -p udp -s 10.9.0.2 -d 10.9.0.1 --sport 5000 --dport 2 -t 60"));
    EXPECT_EQ(fate(to_port(2).ipv4()), kPass);
}

TEST_F(EarlyStage, PacketSocketsSeeWhatNetfilterDrops) {
    {
        const Fd listener(::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP)));
        EXPECT_EQ(fate(to_port(1).ipv4()), kPass);
        EXPECT_EQ(fate(to_port(2).ipv6()), kShot);
    }
    EXPECT_EQ(fate(to_port(1).ipv4()), kShot);
}

TEST_F(EarlyStage, SwitchedOffOrElsewhereItDoesNothing) {
    ASSERT_TRUE(set_switch(program_.get(), false).has_value());
    EXPECT_EQ(fate(to_port(1).ipv4()), kPass);
    ASSERT_TRUE(set_switch(program_.get(), true).has_value());
    EXPECT_EQ(fate(to_port(1).ipv4()), kShot);
    ASSERT_TRUE(run("ip link add eabr type bridge && ip link set ea0 master eabr"));
    EXPECT_EQ(fate(to_port(1).ipv4()), kPass);
}

} // namespace

} // namespace xtbpf::early

// SPDX-License-Identifier: GPL-2.0-or-later
// Attachment of the early stage, with programs that do nothing.
#include "datapath/early_attach.hpp"
#include "datapath/early_devices.hpp"
#include "datapath/early_program.hpp"
#include "datapath/early_tc.hpp"
#include "datapath/early_xdp.hpp"
#include "tests/kernel/scratch_namespace.hpp"

#include <array>
#include <bpf/bpf.h>
#include <cstdlib>
#include <linux/bpf.h>
#include <map>
#include <string>

namespace xtbpf::early {

namespace {

// `return verdict`, with a mention of `map` so that it belongs to the program.
Fd load(bpf_prog_type type, const char* name, int map, std::int32_t verdict) {
    const std::array<bpf_insn, 4> insns{{
        {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .off = 0, .imm = map},
        {},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = verdict},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    return Fd(bpf_prog_load(type, name, "GPL", insns.data(), insns.size(), nullptr));
}

struct Pair {
    Fd map, xdp, tc;
    Pair()
        : map(bpf_map_create(BPF_MAP_TYPE_ARRAY, kSwitchMap, 4, 4, 1, nullptr)),
          xdp(load(BPF_PROG_TYPE_XDP, kXdpProgram, map.get(), XDP_PASS)),
          tc(load(BPF_PROG_TYPE_SCHED_CLS, kTcProgram, map.get(), -1)) {}
    Programs programs() const { return {.xdp = xdp.get(), .tc = tc.get()}; }
};

std::uint32_t id_of(int fd) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }
bool has_clsact(const std::string& device) { return run("tc qdisc show dev " + device + " | grep -q clsact"); }

std::map<std::string, Coverage> by_device(Result<std::vector<Coverage>> result) {
    std::map<std::string, Coverage> found;
    EXPECT_TRUE(result.has_value()) << result.error().message;
    if (result)
        for (auto& one : *result)
            found[one.device] = one;
    return found;
}

class EarlyAttach : public xtbpf::testing::ScratchNamespace {
  protected:
    void SetUp() override {
        ScratchNamespace::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(run("ip link add ea0 type veth peer name ea1"));
    }
    Device device(const std::string& name) {
        auto rtnetlink = Rtnetlink::open();
        const auto all = devices(*rtnetlink);
        for (const auto& one : all.value())
            if (one.name == name) return one;
        return {};
    }
    TcIngress tc(const std::string& name) {
        auto rtnetlink = Rtnetlink::open();
        return inspect_tc(*rtnetlink, device(name).index).value();
    }
};

TEST_F(EarlyAttach, VirtualDevicesGetTcAndAreLeftClean) {
    const Pair first, second;
    auto covered = by_device(attach(first.programs(), Choice::Automatic));
    EXPECT_EQ(covered["ea0"].place, Place::Tc);
    EXPECT_EQ(covered["lo"].place, Place::None);
    EXPECT_EQ(tc("ea0").ours->program, id_of(first.tc.get()));

    by_device(attach(second.programs(), Choice::Automatic));
    EXPECT_EQ(tc("ea0").ours->program, id_of(second.tc.get()));

    ASSERT_TRUE(detach().has_value());
    EXPECT_FALSE(tc("ea0").ours);
    EXPECT_FALSE(has_clsact("ea0"));
}

TEST_F(EarlyAttach, XdpByHandAndBack) {
    const Pair first, second;
    EXPECT_EQ(by_device(attach(first.programs(), Choice::Xdp))["ea0"].place, Place::Xdp);
    EXPECT_EQ(device("ea0").xdp_program, id_of(first.xdp.get()));
    EXPECT_TRUE(device("ea0").xdp_native);
    EXPECT_FALSE(has_clsact("ea0"));

    by_device(attach(second.programs(), Choice::Xdp));
    EXPECT_EQ(device("ea0").xdp_program, id_of(second.xdp.get()));

    EXPECT_EQ(by_device(attach(second.programs(), Choice::Tc))["ea0"].place, Place::Tc);
    EXPECT_EQ(device("ea0").xdp_program, 0U);

    EXPECT_EQ(by_device(attach(first.programs(), Choice::Xdp))["ea0"].place, Place::Xdp);
    EXPECT_FALSE(has_clsact("ea0"));
    ASSERT_TRUE(detach().has_value());
    EXPECT_EQ(device("ea0").xdp_program, 0U);
}

TEST_F(EarlyAttach, LeavesWhatBelongsToOthers) {
    const Pair ours;
    const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 4, 1, nullptr));
    const Fd foreign = load(BPF_PROG_TYPE_XDP, "somebody", map.get(), XDP_PASS);
    auto rtnetlink = Rtnetlink::open();
    ASSERT_EQ(attach_xdp(*rtnetlink, device("ea0").index, foreign.get(), -1), 0);
    ASSERT_TRUE(run("tc qdisc add dev ea1 clsact"));

    auto covered = by_device(attach(ours.programs(), Choice::Xdp));
    EXPECT_EQ(covered["ea0"].place, Place::Tc);
    EXPECT_EQ(covered["ea1"].place, Place::Tc);
    EXPECT_EQ(device("ea0").xdp_program, id_of(foreign.get()));

    ASSERT_TRUE(detach().has_value());
    EXPECT_EQ(device("ea0").xdp_program, id_of(foreign.get()));
    EXPECT_FALSE(has_clsact("ea0"));
    EXPECT_TRUE(has_clsact("ea1"));
}

TEST_F(EarlyAttach, KeepsOurQdiscWhileOthersUseIt) {
    const Pair ours;
    by_device(attach(ours.programs(), Choice::Tc));
    ASSERT_TRUE(run("tc filter add dev ea0 egress protocol ip u32 match u32 0 0 classid 1:1"));
    ASSERT_TRUE(detach().has_value());
    EXPECT_TRUE(has_clsact("ea0"));
}

TEST_F(EarlyAttach, LargeMtuAndPortsOfBridges) {
    ASSERT_TRUE(run("ip link set ea0 mtu 9000 && ip link set ea1 mtu 9000 && ip link add eabr type bridge && ip link "
                    "set ea1 master eabr"));
    const Pair ours;
    auto covered = by_device(attach(ours.programs(), Choice::Xdp));
    EXPECT_EQ(covered["ea0"].place, Place::Tc);
    EXPECT_EQ(covered["ea1"].place, Place::None);
    EXPECT_EQ(covered["ea1"].reason, "a port of another device");
    EXPECT_EQ(covered["eabr"].place, Place::Tc);
    ASSERT_TRUE(detach().has_value());
}

TEST_F(EarlyAttach, SwitchReachesEveryProgram) {
    const Pair ours;
    by_device(attach(ours.programs(), Choice::Automatic));
    EXPECT_TRUE(switch_off().value().empty()); // this one has never been on
    ASSERT_TRUE(set_switch(ours.tc.get(), true).has_value());
    EXPECT_TRUE(by_device(coverage())["ea0"].active);
    const auto were_on = switch_off();
    EXPECT_EQ(were_on.value(), std::vector{id_of(ours.tc.get())}); // one program, on two devices
    EXPECT_FALSE(by_device(coverage())["ea1"].active);
    ASSERT_TRUE(switch_on(*were_on).has_value());
    EXPECT_TRUE(by_device(coverage())["ea1"].active);
    ASSERT_TRUE(detach().has_value());
}

} // namespace

} // namespace xtbpf::early

// SPDX-License-Identifier: GPL-2.0-or-later
// Matches of the kernel's that the programs answer by themselves (translator/native_match.hpp): that they do, without a stop.
#include "datapath/exact_programs.hpp"
#include "frontend/lower.hpp"
#include "tests/kernel/scratch_namespace.hpp"
#include "translator/pages.hpp"

#include <bpf/bpf.h>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fmt/chrono.h>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <vector>

namespace xtbpf {
namespace {

enum class Answer { No, Yes, Asks };

// A UDP datagram with this payload, behind an Ethernet header, as from nowhere: it has no route, connection or socket.
std::vector<std::uint8_t> datagram(const std::string& payload) {
    const auto length = static_cast<std::uint8_t>(28 + payload.size());
    std::vector<std::uint8_t> frame(14);
    frame[12] = 8;
    const std::vector<std::uint8_t> headers{0x45, 0, 0,   length, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0,
                                            0,    1, 127, 0,      0, 1, 0, 1, 0,  2,  0, 8, 0,   0};
    frame.insert(frame.end(), headers.begin(), headers.end());
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

// A rule's programs: with the policy that the rule goes against, and with the other.
class Programs {
  public:
    explicit Programs(const std::string& rule, Hook hook = Hook::Input) {
        for (const bool accepts : {true, false}) {
            StoredTable table;
            for (const Hook each : hooks_of(TableId::Filter))
                table.chains.push_back(
                    {.name = std::string(name(each)), .accept = !accepts, .account = {}, .rules = {}});
            for (std::size_t at = 0; at < table.chains.size(); ++at)
                if (hooks_of(TableId::Filter)[at] == hook)
                    table.chains[at].rules.push_back(
                        {.text = rule + (accepts ? " -j ACCEPT" : " -j DROP"), .account = {}});
            auto linked = link(table);
            if (!linked) throw std::runtime_error(linked.error().message);
            auto loaded = load_exact(linked->program, {counters_.get()}, {limits_.get()});
            if (!loaded) throw std::runtime_error(loaded.error().message);
            for (HookPrograms& one : loaded->hooks)
                if (one.hook == hook) (accepts ? accepts_ : drops_) = std::move(one.main);
        }
    }

    Answer ask(const std::vector<std::uint8_t>& frame = datagram("")) const {
        if (run(accepts_, frame) == 0) return Answer::Yes;
        return run(drops_, frame) == 0 ? Answer::No : Answer::Asks;
    }

  private:
    static std::uint32_t run(const Fd& program, const std::vector<std::uint8_t>& frame) {
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                    .data_size_in = static_cast<std::uint32_t>(frame.size()), .repeat = 1);
        if (::bpf_prog_test_run_opts(program.get(), &options) != 0) throw std::runtime_error(std::strerror(errno));
        return options.retval;
    }

    Fd counters_{::bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "xt_counters", 4, sizeof(Counters) * kCounterRow,
                                  kFirstCounterPage / kCounterRow, nullptr)};
    Fd limits_{::bpf_map_create(BPF_MAP_TYPE_ARRAY, "xt_limits", 4, sizeof(LimitState), kFirstLimitPage, nullptr)};
    Fd accepts_, drops_;
};

class Native : public testing::ScratchNamespace {
  protected:
    static Answer ask(const std::string& rule) { return Programs(rule).ask(); }
};

TEST_F(Native, Connections) {
    EXPECT_EQ(ask("-m connbytes --connbytes 0 --connbytes-mode packets --connbytes-dir both"), Answer::No);
    EXPECT_EQ(ask("-m connlabel --label 1"), Answer::No);
    EXPECT_EQ(ask("-m connlabel ! --label 1"), Answer::Yes);
    EXPECT_EQ(ask("-m connlabel --label 1 --set"), Answer::Asks);
    EXPECT_EQ(ask("-m helper --helper ftp"), Answer::No);
    EXPECT_EQ(ask("-m helper ! --helper ftp"), Answer::Yes);
}

TEST_F(Native, WhatHangsOnThePacket) {
    EXPECT_EQ(ask("-m policy --dir in --pol none"), Answer::Yes);
    EXPECT_EQ(ask("-m policy --dir in --pol ipsec"), Answer::No);
    EXPECT_EQ(ask("-m physdev --physdev-in eth0"), Answer::No);
    EXPECT_EQ(ask("-m physdev ! --physdev-is-bridged"), Answer::Yes);
    EXPECT_EQ(ask("-m physdev ! --physdev-is-bridged --physdev-in eth+"), Answer::No);
    EXPECT_EQ(ask("-m cgroup --path /"), Answer::Asks); // BPF_PROG_TEST_RUN has a socket of its own
}

TEST_F(Native, Strings) {
    const auto ask = [](const char* rule, const std::string& payload) { return Programs(rule).ask(datagram(payload)); };
    EXPECT_EQ(ask("-m string --string needle --algo bm", "a needle"), Answer::Yes);
    EXPECT_EQ(ask("-m string --string needle --algo kmp", "a noodle"), Answer::No);
    EXPECT_EQ(ask("-m string ! --string needle --algo bm --icase", "NeEdLe"), Answer::No);
    EXPECT_EQ(ask("-m string --string needle --algo bm --to 33", "needle"), Answer::Asks); // it ends behind
    EXPECT_EQ(ask("-m string --string needle-in-hay --algo bm", "needle-in"), Answer::No);
    EXPECT_EQ(ask("-m string --string needle-in-hay --algo bm", "needle-in-hay"), Answer::Asks);
}

TEST_F(Native, ClassicBpf) {
    EXPECT_EQ(ask("-m bpf --bytecode \"4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0\""), Answer::Yes); // UDP
    EXPECT_EQ(ask("-m bpf --bytecode \"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0\""), Answer::No);
    EXPECT_EQ(ask("-m bpf --bytecode \"2,48 0 0 28,6 0 0 1\""), Answer::No);           // no such byte
    EXPECT_EQ(ask("-m bpf --bytecode \"2,40 0 0 4294963200,6 0 0 1\""), Answer::Asks); // its protocol, SKF_AD_PROTOCOL
    EXPECT_EQ(ask("-m bpf --bytecode \"3,2 0 0 0,96 0 0 0,22 0 0 0\""), Answer::Asks); // M[0]
}

TEST_F(Native, AddressTypes) { // the datagram goes from 127.0.0.1 to itself
    EXPECT_EQ(ask("-m addrtype --dst-type LOCAL"), Answer::Yes);
    EXPECT_EQ(ask("-m addrtype --src-type LOCAL ! --dst-type LOCAL"), Answer::No);
    EXPECT_EQ(ask("-m addrtype ! --src-type UNICAST --dst-type LOCAL,BROADCAST"), Answer::Yes);
    EXPECT_EQ(ask("-m addrtype --dst-type LOCAL --limit-iface-in"), Answer::Asks);
}

// ktime_get_real_seconds is the coarse clock's second: the answer changes when that does.
TEST_F(Native, TheClock) {
    const auto coarse = [] {
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
        return now;
    };
    const timespec begin = coarse();
    const std::time_t next = begin.tv_sec + (begin.tv_nsec < 600'000'000 ? 1 : 2); // loading takes a while
    const Programs from_then(fmt::format("-m time --datestart {:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(next)));
    int before = 0, after = 0;
    for (timespec now = coarse(); now.tv_sec <= next; now = coarse()) {
        const Answer answer = from_then.ask();
        if (coarse().tv_sec != now.tv_sec) continue;
        EXPECT_EQ(answer, now.tv_sec < next ? Answer::No : Answer::Yes) << now.tv_nsec;
        ++(now.tv_sec < next ? before : after);
        if (now.tv_sec == next && now.tv_nsec > 30'000'000) break;
        if (now.tv_sec < next && now.tv_nsec < 970'000'000) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_GT(before, 0);
    EXPECT_GT(after, 0);
    EXPECT_EQ(ask("-m time --kerneltz --datestart 2001"), Answer::Asks);
}

} // namespace
} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/anchor_fixture.hpp"

#include <fcntl.h>
#include <sched.h>

namespace xtbpf::testing {

class AnchorEffects : public Anchor {
  protected:
    // INPUT asks for what is in `hook`; all its packets go to the side chains.
    anchor::TablePlan special_input() {
        auto plan = accept_all();
        auto& hook = hook_of(plan, Hook::Input);
        hook.main = yes_.get();
        hook.orphan = no_.get();
        hook.idle = no_.get();
        hook.accepts = yes_.get();
        return plan;
    }

    // All effects of `hook` are due whose last digit is in `due`, each time the tree is gone through.
    void due(anchor::HookPlan& hook, std::array<bool, anchor::kStepDigits> due) {
        hook.digits.assign(anchor::step_levels(hook.effects.size()), {});
        for (auto& level : hook.digits)
            level.fill(yes_.get());
        for (std::size_t digit = 0; digit < due.size(); ++digit)
            hook.digits[0][digit] = due[digit] ? yes_.get() : no_.get();
    }
};

// Kernel log lines that come while it lives; the initial namespace's sysctl lets other namespaces log.
class KernelLog {
  public:
    KernelLog() : log_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
        if (log_) ::lseek(log_.get(), 0, SEEK_END);
        allow('1');
    }
    ~KernelLog() { allow(old_); }
    bool usable() const { return log_ && allowed_; }

    bool has(const std::string& text) const {
        std::array<char, 8192> line;
        for (;;) {
            const ssize_t size = ::read(log_.get(), line.data(), line.size());
            if (size < 0 && errno == EPIPE) continue; // overwritten lines
            if (size <= 0) return false;
            if (std::string_view(line.data(), static_cast<std::size_t>(size)).find(text) != std::string_view::npos)
                return true;
        }
    }

  private:
    void allow(char value) {
        const Fd here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        if (::setns(initial_namespace, CLONE_NEWNET) != 0) return;
        const Fd control(::open("/proc/sys/net/netfilter/nf_log_all_netns", O_RDWR | O_CLOEXEC));
        if (control) {
            ::pread(control.get(), &old_, value == '1' ? 1 : 0, 0);
            allowed_ = ::pwrite(control.get(), &value, 1, 0) == 1;
        }
        if (::setns(here.get(), CLONE_NEWNET) != 0) std::abort();
    }
    Fd log_;
    char old_ = '0';
    bool allowed_ = false;
};

TEST_F(AnchorEffects, RejectAnswers) {
    auto plan = special_input();
    const Fd udp = udp_program(); // the ICMP error comes in over lo too, and must not be dropped
    hook_of(plan, Hook::Input).main = udp.get();
    hook_of(plan, Hook::Input).effects = {ir::RejectEffect{}};
    due(hook_of(plan, Hook::Input), {true, true, true, true});
    ASSERT_TRUE(done(commit(plan)));
    const Datagrams datagrams;
    datagrams.send();
    EXPECT_EQ(datagrams.error(), ECONNREFUSED);
    EXPECT_FALSE(datagrams.arrived());
}

TEST_F(AnchorEffects, EveryRejectIsTaken) {
    for (const Family family : {Family::V4, Family::V6}) {
        auto plan = special_input();
        plan.family = family;
        auto& effects = hook_of(plan, Hook::Input).effects;
        effects.push_back(ir::RejectEffect{.tcp_reset = true});
        for (std::uint8_t code = 0; code <= (family == Family::V4 ? 15 : 6); ++code)
            effects.push_back(ir::RejectEffect{.icmp_code = code});
        due(hook_of(plan, Hook::Input), {});
        EXPECT_TRUE(done(commit(plan)));
    }
}

TEST_F(AnchorEffects, LogLogsAndGoesOn) {
    KernelLog log;
    auto plan = special_input();
    hook_of(plan, Hook::Input).effects = {
        ir::LogEffect{.prefix = "xtbpf-test-1: ", .level = 4, .flags = 0x2f},
        ir::RejectEffect{},
        ir::LogEffect{.prefix = "", .level = 7, .flags = 0},
    };
    due(hook_of(plan, Hook::Input), {true, false, true, false});
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_TRUE(Datagrams().passes());
    if (!log.usable()) GTEST_SKIP() << "the kernel log of a namespace can't be read here: text not compared";
    EXPECT_TRUE(log.has("xtbpf-test-1: IN=lo OUT= MAC="));
}

TEST_F(AnchorEffects, OrphansAndUndecidedAreDropped) {
    auto plan = special_input();
    auto& hook = hook_of(plan, Hook::Input);
    hook.effects = {ir::LogEffect{}};
    hook.idle = yes_.get();
    due(hook, {});
    hook.orphan = yes_.get();
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_FALSE(Datagrams().passes());
    hook.orphan = no_.get();
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_TRUE(Datagrams().passes());
    hook.accepts = no_.get();
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_FALSE(Datagrams().passes());
}

TEST_F(AnchorEffects, TheKernelMatchesForUs) {
    const Fd asked = counting_map();
    const Fd matched = counting_map();
    const Fd busy = counting_program(asked, 0);
    const Fd note = counting_program(matched, 1);
    auto plan = special_input();
    auto& hook = hook_of(plan, Hook::Input);
    // struct xt_length_info of linux/netfilter/xt_length.h: 0 .. 40 bytes, XT_ALIGNed
    hook.hand_ins.push_back({.name = "length", .revision = 0, .info = {0, 0, 40, 0, 0, 0, 0, 0}});
    hook.idle = busy.get();
    hook.yes = note.get();
    hook.again = no_.get();
    hook.digits.push_back({yes_.get(), yes_.get(), yes_.get(), yes_.get()});
    hook.stops = 3;
    ASSERT_TRUE(done(commit(plan)));
    const Datagrams datagrams;
    EXPECT_FALSE(datagrams.passes(10)) << "a packet that is never through must be dropped";
    EXPECT_EQ(count_in(asked), 3U);
    EXPECT_EQ(count_in(matched), 3U);

    hook.again = yes_.get();
    ASSERT_TRUE(done(commit(plan)));
    EXPECT_TRUE(datagrams.passes(10));
    EXPECT_EQ(count_in(asked), 5U) << "before the rules go on, and before the verdict";
    EXPECT_EQ(count_in(matched), 5U);
    EXPECT_TRUE(datagrams.passes(100));
    EXPECT_EQ(count_in(asked), 7U);
    EXPECT_EQ(count_in(matched), 5U);
}

TEST_F(AnchorEffects, ThousandsInOneTransaction) {
    auto plan = special_input();
    auto& hook = hook_of(plan, Hook::Input);
    for (int i = 0; i < 3000; ++i)
        hook.effects.push_back(ir::LogEffect{.prefix = std::to_string(i)});
    due(hook, {});
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_TRUE(done(commit(plan)));
    EXPECT_EQ(output_of("nft list ruleset 2>/dev/null | grep -c 'log prefix'"), "3000\n");
    EXPECT_TRUE(done(commit(accept_all())));
    EXPECT_EQ(output_of("nft list ruleset 2>/dev/null | grep -c -e -done-"), "0\n");
}

} // namespace xtbpf::testing

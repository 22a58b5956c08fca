// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel refuses becomes a text that names what was tried, and nothing is changed.
#include "kmod-shim/netlink.hpp"
#include "tests/kernel/anchor_fixture.hpp"

#include <sys/wait.h>

namespace xtbpf::testing {

class AnchorErrors : public Anchor {
  protected:
    void TearDown() override {
        if (IsSkipped()) return;
        EXPECT_EQ(output_of("nft list ruleset"), "");
    }

    anchor::TablePlan with_match(std::string match, std::vector<std::uint8_t> info) {
        auto plan = accept_all();
        auto& hook = hook_of(plan, Hook::Input);
        hook.hand_ins.push_back({.name = std::move(match), .revision = 0, .info = std::move(info)});
        hook.yes = yes_.get();
        hook.again = hook.orphan = hook.accepts = hook.idle = no_.get();
        hook.digits.push_back({yes_.get(), yes_.get(), yes_.get(), yes_.get()});
        hook.stops = 1;
        return plan;
    }
};

TEST_F(AnchorErrors, ABadProgram) {
    auto plan = accept_all();
    hook_of(plan, Hook::Forward).main = 0; // stdin
    const auto result = commit(plan);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "call a BPF program (nf_tables chain filter-FORWARD): Invalid argument");
    EXPECT_EQ(result.error().kind, ErrorKind::Refused);
}

TEST_F(AnchorErrors, AMatchTheKernelLacks) {
    const auto result = commit(with_match("nosuch", {0, 0, 0, 0, 0, 0, 0, 0}));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("use the kernel's match `nosuch' revision 0"), std::string::npos);
    EXPECT_NE(result.error().message.find("insmod"), std::string::npos) << result.error().message;
}

TEST_F(AnchorErrors, AMatchOfTheWrongSize) {
    const auto result = commit(with_match("length", {0, 0}));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("Invalid argument"), std::string::npos) << result.error().message;
}

TEST_F(AnchorErrors, AMatchThatIsTooLarge) {
    EXPECT_FALSE(commit(with_match("length", std::vector<std::uint8_t>(20000))));
}

TEST_F(AnchorErrors, AnIncompleteHook) {
    auto plan = with_match("length", {0, 0, 40, 0, 0, 0, 0, 0});
    hook_of(plan, Hook::Input).again = -1;
    EXPECT_FALSE(commit(plan));
}

TEST_F(AnchorErrors, NobodyMayWithoutCapNetAdmin) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
        const auto found = anchor::inspect(Family::V4, TableId::Filter);
        const bool right = !found && found.error().kind == ErrorKind::Denied &&
                           found.error().message == "Permission denied (you must be root)";
        const auto sent = commit(accept_all(), 1);
        ::_exit(right && !sent && sent.error().kind == ErrorKind::Denied ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

// Kernels that lack something can't be had for a test: the words alone.
TEST(AnchorRefusal, NamesTheModuleThatIsMissing) {
    for (const int error : {ENOENT, EOPNOTSUPP}) {
        const Error said = anchor::refusal("call a BPF program", error, "", "nft_compat and xt_bpf");
        EXPECT_EQ(exit_code(said.kind), 1);
        EXPECT_TRUE(said.message.ends_with(": do you need to insmod nft_compat and xt_bpf?")) << said.message;
    }
    const Error no_tables = anchor::refusal("make table iptables-bpf", EOPNOTSUPP, "", "");
    EXPECT_EQ(exit_code(no_tables.kind), 3);
    EXPECT_TRUE(no_tables.message.ends_with("do you need to insmod nf_tables?)")) << no_tables.message;
}

} // namespace xtbpf::testing

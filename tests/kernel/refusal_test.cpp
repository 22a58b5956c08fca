// SPDX-License-Identifier: GPL-2.0-or-later
// A commit that fails after the rules were read and compiled: the verifier refuses the programs, the self-check finds
// them wrong, the kernel has no such match. The text names what was tried, and the old rules stay in force, whole.
#include "datapath/backend.hpp"
#include "datapath/bpf/exact_config.h"
#include "datapath/bpf_object.hpp"
#include "datapath/refusal.hpp"
#include "datapath/store.hpp"
#include "frontend/lower.hpp"
#include "tests/kernel/anchor_fixture.hpp"

extern "C" {
extern const unsigned char xt_exact_object[];
extern const unsigned char xt_exact_object_end[];
}

namespace xtbpf::testing {

// Loads a classifier that returns a register nobody has set.
Result<ExactPrograms> load_illegal(const ir::Table&, const std::vector<int>& counters, const std::vector<int>& limits) {
    const bpf_insn unset{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_0, BPF_REG_7, 0, 0};
    const codegen::Program illegal{.functions = {{.name = "classify", .insns = {unset, exit_program()}, .calls = {}}}};
    auto object =
        BpfObject::open({xt_exact_object, static_cast<std::size_t>(xt_exact_object_end - xt_exact_object)}, "xt_exact");
    if (!object) return std::unexpected(object.error());
    object->leave_out_map("xt_records");
    object->leave_out_map("xt_stacks");
    Result<void> done = object->use_pages("xt_counters", counters);
    if (done) done = object->use_pages("xt_limits", limits);
    if (done) done = object->include("xt_input", "classify", {&illegal});
    if (done) done = object->load();
    if (!done) return std::unexpected(done.error());
    return ExactPrograms{};
}

// Loads programs that accept whatever a rule matches.
Result<ExactPrograms> load_wrong(const ir::Table& table, const std::vector<int>& counters,
                                 const std::vector<int>& limits) {
    ir::Table open = table;
    for (ir::Chain& chain : open.chains)
        for (ir::Rule& rule : chain.rules)
            rule.action = ir::Accept{};
    return load_exact(open, counters, limits);
}

// Loads none.
Result<ExactPrograms> load_none(const ir::Table& table, const std::vector<int>& counters,
                                const std::vector<int>& limits) {
    ir::Table without_rules = table;
    for (ir::Chain& chain : without_rules.chains)
        chain.rules.clear();
    return load_exact(without_rules, counters, limits);
}

class Refusal : public Anchor {
  protected:
    static StoredTable table_of(std::vector<std::string> rules) {
        StoredTable table;
        for (const Hook hook : hooks_of(TableId::Filter))
            table.chains.push_back({.name = std::string(name(hook)), .accept = true, .account = {}, .rules = {}});
        for (std::string& rule : rules)
            table.chains[0].rules.push_back({.text = std::move(rule), .account = {}});
        return table;
    }

    static Result<void> put(Backend& backend, const StoredTable& table) {
        auto program = lower_table(table);
        if (!program) return std::unexpected(program.error());
        if (const auto now = backend.read(table.family, table.id); !now) return std::unexpected(now.error());
        return backend.commit(table, std::move(*program));
    }

    // Everything a commit changes: nf_tables, and the tag of the store.
    struct InForce {
        std::string ruleset = output_of("nft -a list ruleset 2>/dev/null");
        std::uint32_t generation = anchor::generation_id().value_or(0);
        std::vector<std::uint8_t> tag;
        bool operator==(const InForce&) const = default;
    };
    static InForce in_force() {
        InForce now;
        if (auto store = read_store(Family::V4, TableId::Filter); store && *store) now.tag = (*store)->tag;
        return now;
    }

    void SetUp() override {
        Anchor::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(done(put(*make_kernel_backend(lower_table), table_of({"-p udp -j DROP"}))));
        before_ = in_force();
        ASSERT_FALSE(before_.tag.empty());
    }

    // The commit with this loader fails, and the rules of SetUp go on dropping and counting.
    std::string message_of_refused(LoadPrograms load, const StoredTable& next) {
        const auto result = put(*make_kernel_backend(lower_table, std::move(load)), next);
        if (result) {
            ADD_FAILURE() << "committed";
            return {};
        }
        EXPECT_EQ(exit_code(result.error().kind), 1);
        EXPECT_EQ(in_force(), before_);
        EXPECT_FALSE(Datagrams{}.passes());
        auto store = read_store(Family::V4, TableId::Filter);
        EXPECT_EQ((*store)->table.chains[0].rules[0].text, "-p udp -j DROP");
        EXPECT_EQ((*store)->table.chains[0].rules[0].account.counters.packets, 1U);
        return result.error().message;
    }

    InForce before_;
};

TEST_F(Refusal, TheVerifier) {
    const std::string message = message_of_refused(load_illegal, table_of({"-p tcp -j DROP"}));
    EXPECT_TRUE(message.starts_with("load the BPF program xt_input: Permission denied\n")) << message; // EACCES
    EXPECT_NE(message.find("R7 !read_ok"), std::string::npos) << message;
}

TEST_F(Refusal, TheVerifierInATest) {
    auto program = lower_table(table_of({"-p tcp -j DROP"}));
    ASSERT_TRUE(done(program));
    EXPECT_FALSE(make_kernel_backend(lower_table, load_illegal)->check(table_of({"-p tcp -j DROP"}), *program));
    EXPECT_EQ(in_force(), before_);
}

TEST_F(Refusal, TheSelfCheck) {
    const std::string message = message_of_refused(load_wrong, table_of({"-p tcp -j DROP"}));
    EXPECT_TRUE(message.starts_with("self-check: ")) << message;
}

TEST_F(Refusal, AHookWithRulesButNoProgram) {
    EXPECT_EQ(message_of_refused(load_none, table_of({"-p tcp -j DROP"})), "self-check: INPUT has no program");
}

TEST_F(Refusal, AMatchTheKernelLacks) {
    const auto table = table_of({"-p tcp -j DROP"});
    auto program = lower_table(table);
    ASSERT_TRUE(done(program));
    program->chains[0].rules[0].predicates.push_back(
        ir::KernelMatch{.name = "nosuch", .revision = 0, .info = std::vector<std::uint8_t>(8)});
    const auto result = make_kernel_backend(lower_table)->commit(table, *program);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("match `nosuch' revision 0"), std::string::npos) << result.error().message;
    EXPECT_EQ(in_force(), before_);
}

TEST_F(Refusal, MissingCapabilities) {
    const Error denied = refusal("make map xt_counters", EPERM);
    EXPECT_EQ(denied.kind, ErrorKind::Denied);
    EXPECT_EQ(denied.message, "make map xt_counters: Permission denied (you must be root)");
    EXPECT_EQ(refusal("load the BPF programs", EINVAL).kind, ErrorKind::Refused);
}

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/side_chains.hpp"

#include "kmod-shim/effects.hpp"
#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"
#include "kmod-shim/registers.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

namespace {

constexpr const char* kProgramModules = "nft_compat and xt_bpf";
// A match's or target's private structure; the largest of the kernel's (xt_bpf, xt_u32) stay below 3 KiB.
constexpr std::size_t kMaxInfo = 16 * 1024;
constexpr std::size_t kMostSteps = 0xffff; // xt_record.current; XT_NO_NEED is none

class SideChains {
  public:
    SideChains(Batch& batch, const Place& place, const HookPlan& plan, std::string prefix, std::uint32_t generation)
        : batch_(batch), place_(place), plan_(plan), prefix_(std::move(prefix)), generation_(generation) {}

    std::string add() {
        const std::string root = node(step_levels(plan_.steps()), 0, plan_.steps());
        const std::string work = chain("do");
        const std::uint32_t passes =
            (plan_.effects.empty() ? 0 : plan_.passes) + (plan_.steps() == plan_.effects.size() ? 0 : 1);
        for (std::uint32_t pass = 0; pass < passes; ++pass) {
            verdict(work, plan_.idle, NFT_RETURN);
            verdict(work, -1, NFT_JUMP, root);
        }
        const std::string done = chain("done");
        verdict(done, -1, NFT_JUMP, work);
        verdict(done, plan_.accepts, NF_ACCEPT);
        verdict(done, -1, NF_DROP);

        std::string side = chain("side");
        verdict(side, plan_.orphan, NF_DROP);
        for (std::uint32_t stop = 0; stop < plan_.stops; ++stop) {
            verdict(side, -1, NFT_JUMP, work);
            verdict(side, plan_.again, NFT_GOTO, done);
        }
        if (plan_.stops == 0)
            verdict(side, -1, NFT_GOTO, done);
        else
            verdict(side, -1, NF_DROP);
        return side;
    }

  private:
    std::string chain(const std::string& kind) {
        std::string name = fmt::format("{}-{}-{}", prefix_, kind, generation_);
        add_chain(batch_, place_, name);
        return name;
    }

    // A rule that does `then` for the packets `program` matches; -1: for all.
    template <typename Then>
    void rule(const std::string& chain, int program, Then then, std::string tried, std::string needs,
              std::uint8_t protocol = 0) {
        add_rule(
            batch_, place_, chain,
            [&](nlmsghdr* message) {
                if (program >= 0) put_program(message, program);
                then(message);
            },
            std::move(tried), std::move(needs), {}, protocol);
    }

    void verdict(const std::string& chain, int program, std::int32_t code, const std::string& target = {}) {
        rule(
            chain, program, [&](nlmsghdr* message) { put_verdict(message, code, target); }, "add a verdict rule",
            program >= 0 ? kProgramModules : "");
    }

    // The node of the tree over the steps [first, first + count), `level` levels above them; returns its chain.
    std::string node(std::size_t level, std::size_t first, std::size_t count) {
        const std::size_t depth = step_levels(plan_.steps()) - level;
        const std::string here = fmt::format("{}-step{}-{}-{}", prefix_, depth, first, generation_);
        std::size_t width = 1; // steps below one digit
        for (std::size_t below = 1; below < level; ++below)
            width *= kStepDigits;
        std::vector<std::string> children;
        for (std::size_t at = 0; level > 1 && at < count; at += width)
            children.push_back(node(level - 1, first + at, std::min(width, count - at)));
        add_chain(batch_, place_, here);
        for (std::size_t digit = 0; digit * width < count; ++digit) {
            const int program = count > width ? plan_.digits[level - 1][digit] : -1; // an only child needs no asking
            if (level > 1)
                verdict(here, program, NFT_GOTO, children[digit]);
            else
                leaf(here, program, first + digit);
        }
        return here;
    }

    void leaf(const std::string& chain, int program, std::size_t step) {
        if (step >= plan_.effects.size() + plan_.hand_ins.size()) return out_device(chain, program);
        if (step >= plan_.effects.size()) return hand_in(chain, program, plan_.hand_ins[step - plan_.effects.size()]);
        const ir::Effect& effect = plan_.effects[step];
        const auto* target = std::get_if<ir::KernelTarget>(&effect);
        const EffectParts parts = prepare_effect(batch_, place_, effect);
        rule(
            chain, program, [&](nlmsghdr* message) { put_effect(message, place_.family, plan_.hook, effect, parts); },
            fmt::format("have the kernel do {}", describe(effect)),
            fmt::format("{} and {}", kProgramModules, modules_of(effect)), target ? target->protocol : std::uint8_t{0});
    }

    // Programs see neither the hook's devices nor nf_tables' registers.
    void out_device(const std::string& chain, int program) {
        rule(
            chain, program,
            [&](nlmsghdr* message) {
                load_mark(message, NFT_REG_2);
                load_out_index(message, NFT_REG_1);
                store_mark(message, NFT_REG_1);
                put_program(message, plan_.out);
                store_mark(message, NFT_REG_2);
            },
            "tell a program the out-device", kProgramModules);
    }

    void hand_in(const std::string& chain, int program, const ir::KernelMatch& match) {
        rule(
            chain, program,
            [&](nlmsghdr* message) {
                put_kernel_match(message, match);
                put_program(message, plan_.yes);
            },
            fmt::format("use the kernel's match `{}' revision {}", match.name, match.revision),
            fmt::format("{} and xt_{}", kProgramModules, match.name), match.protocol);
    }

    Batch& batch_;
    Place place_;
    const HookPlan& plan_;
    std::string prefix_;
    std::uint32_t generation_;
};

Result<void> check(const HookPlan& plan) {
    const std::size_t steps = plan.steps();
    if (plan.orphan < 0 || plan.accepts < 0 || plan.idle < 0 || (!plan.hand_ins.empty() && plan.yes < 0) ||
        (plan.stops != 0 && plan.again < 0) || plan.digits.size() < step_levels(steps))
        return fail(ErrorKind::Refused, "a hook with effects or hand-ins lacks one of its programs");
    if (steps > kMostSteps)
        return fail(ErrorKind::Refused, fmt::format("{} has more than {} different targets and kernel matches",
                                                    name(plan.hook), kMostSteps));
    for (const ir::KernelMatch& match : plan.hand_ins)
        if (match.info.size() > kMaxInfo)
            return fail(ErrorKind::Refused, fmt::format("the match `{}' is too large", match.name));
    return {};
}

} // namespace

std::size_t step_levels(std::size_t steps) {
    std::size_t levels = 1;
    for (std::size_t width = kStepDigits; width < steps; width *= kStepDigits)
        ++levels;
    return levels;
}

Result<std::string> add_side_chains(Batch& batch, const Place& place, TableId table, const HookPlan& plan,
                                    std::uint32_t generation) {
    if (plan.steps() == 0) return std::string();
    if (auto checked = check(plan); !checked) return std::unexpected(checked.error());
    return SideChains(batch, place, plan, base_chain(table, plan.hook), generation).add();
}

std::vector<std::string> side_chains_of(TableId table, std::span<const std::string> chains) {
    // Each kind goes only to later ones. `ask` is one of an earlier version.
    std::vector<std::string> kinds{"side", "ask", "done", "do"};
    for (std::size_t level = 0; level <= step_levels(kMostSteps); ++level)
        kinds.push_back(fmt::format("step{}", level));
    std::vector<std::string> found;
    for (const std::string& kind : kinds)
        for (const Hook hook : hooks_of(table)) {
            const std::string prefix = fmt::format("{}-{}-", base_chain(table, hook), kind);
            for (const std::string& chain : chains)
                if (chain.starts_with(prefix)) found.push_back(chain);
        }
    return found;
}

} // namespace xtbpf::anchor

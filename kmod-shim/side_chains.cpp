// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/side_chains.hpp"

#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

namespace {

constexpr const char* kProgramModules = "nft_compat and xt_bpf";
// Kinds of side chains; each may go only to later ones.
constexpr std::array kKinds{"side", "ask", "done", "do"};
// A match's private structure; the largest of the kernel's (xt_bpf, xt_u32) stay below 3 KiB.
constexpr std::size_t kMaxInfo = 16 * 1024;

struct Writer {
    Batch& batch;
    Family family;

    // A rule that does `then` for the packets `program` matches; -1: for all.
    template <typename Then>
    void rule(const std::string& chain, int program, Then then, std::string tried, std::string needs) {
        add_rule(
            batch, family, chain,
            [&](nlmsghdr* message) {
                if (program >= 0) put_program(message, program);
                then(message);
            },
            std::move(tried), std::move(needs));
    }

    void verdict(const std::string& chain, int program, std::int32_t code, const std::string& target = {}) {
        rule(
            chain, program, [&](nlmsghdr* message) { put_verdict(message, code, target); }, "add a verdict rule",
            program >= 0 ? kProgramModules : "");
    }

    void ask_chain(const std::string& chain, const std::vector<HandIn>& hand_ins) {
        add_chain(batch, family, chain);
        for (const HandIn& hand_in : hand_ins)
            rule(
                chain, hand_in.need,
                [&](nlmsghdr* message) {
                    put_kernel_match(message, hand_in.match);
                    put_program(message, hand_in.yes);
                },
                fmt::format("use the kernel's match `{}' revision {}", hand_in.match.name, hand_in.match.revision),
                fmt::format("{} and xt_{}", kProgramModules, hand_in.match.name));
    }

    void do_chain(const std::string& chain, const HookPlan& plan) {
        add_chain(batch, family, chain);
        for (const EffectStep& step : plan.effects)
            rule(
                chain, step.due, [&](nlmsghdr* message) { put_effect(message, step.effect); },
                fmt::format("have the kernel do {}", describe(step.effect)),
                fmt::format("{} and {}", kProgramModules, modules_of(step.effect)));
    }

    void done_chain(const std::string& chain, const HookPlan& plan, const std::string& effects) {
        add_chain(batch, family, chain);
        for (std::uint32_t pass = 0; pass < std::max(plan.passes, 1U); ++pass) {
            verdict(chain, plan.orphan, NF_DROP);
            if (!plan.effects.empty()) verdict(chain, -1, NFT_JUMP, effects);
            verdict(chain, plan.accepts, NF_ACCEPT);
        }
        verdict(chain, -1, NF_DROP);
    }

    void side_chain(const std::string& chain, const HookPlan& plan, const std::string& ask, const std::string& done) {
        add_chain(batch, family, chain);
        for (std::uint32_t round = 0; round < plan.rounds; ++round) {
            verdict(chain, -1, NFT_JUMP, ask);
            verdict(chain, plan.again, NFT_GOTO, done);
        }
        verdict(chain, -1, NF_DROP);
    }
};

} // namespace

Result<std::string> add_side_chains(Batch& batch, Family family, TableId table, const HookPlan& plan,
                                    std::uint32_t generation) {
    if (plan.hand_ins.empty() && plan.effects.empty()) return std::string();
    if (plan.orphan < 0 || plan.accepts < 0 || (!plan.hand_ins.empty() && (plan.again < 0 || plan.rounds == 0)))
        return fail(ErrorKind::Refused, "a hook with effects or hand-ins lacks one of its programs");
    for (const HandIn& hand_in : plan.hand_ins)
        if (hand_in.match.info.size() > kMaxInfo)
            return fail(ErrorKind::Refused, fmt::format("the match `{}' is too large", hand_in.match.name));

    const auto chain = [&](const char* kind) {
        return fmt::format("{}-{}-{}", base_chain(table, plan.hook), kind, generation);
    };
    Writer writer{batch, family};
    if (!plan.effects.empty()) writer.do_chain(chain("do"), plan);
    writer.done_chain(chain("done"), plan, chain("do"));
    if (plan.hand_ins.empty()) return chain("done");
    writer.ask_chain(chain("ask"), plan.hand_ins);
    writer.side_chain(chain("side"), plan, chain("ask"), chain("done"));
    return chain("side");
}

std::vector<std::string> side_chains_of(TableId table, std::span<const std::string> chains) {
    std::vector<std::string> found;
    for (const char* kind : kKinds)
        for (const std::string& chain : chains)
            for (const Hook hook : hooks_of(table))
                if (chain.starts_with(fmt::format("{}-{}-", base_chain(table, hook), kind))) found.push_back(chain);
    return found;
}

} // namespace xtbpf::anchor

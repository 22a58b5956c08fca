// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter of the IR: the oracle of the generated code, of the self-check and of `xtbpf explain`. Simple on
// purpose: it walks rules one by one as ipt_do_table does.
#pragma once

#include "translator/effects.hpp"
#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf {

// Whether one predicate, or a rule, holds. Unknown: only if Environment::judge says so.
enum class Outcome : std::uint8_t { False, True, Hotdrop, Unknown };

// One rule that a walk has come to.
struct Step {
    std::uint32_t chain = 0; // index into Table::chains
    std::size_t rule = 0;    // index; behind the last: the end of the chain
    std::size_t depth = 0;   // jumps to return from
    Outcome outcome = Outcome::True;
    std::size_t deciding = 0; // the predicate that kept the rule from matching; behind the last: all hold
};

// What the packet alone doesn't tell.
struct Environment {
    // Answers for hand-ins and token buckets; called when the traversal reaches them, in order. Defaults: true.
    std::function<bool(const ir::KernelMatch&)> kernel_match;
    std::function<bool(const ir::LimitTest&)> limit;
    std::function<bool(const ir::CountTest&)> count;    // true: as if it weren't inverted and held
    std::function<std::uint32_t(ir::Field)> lazy_field; // default: 0

    // Asked before any predicate is evaluated: what it comes to, or nothing if it is to be evaluated.
    std::function<std::optional<Outcome>(const ir::Predicate&)> judge{};

    // Told of each rule, and of a policy that decides, before it acts; and of each effect, which may change the view it walks on.
    std::function<void(const Step&)> step{};
    std::function<void(const ir::Effect&)> effect{};

    const HookNeeds* needs = nullptr; // of the hook, which number its effects; else they are worked out for each packet
};

struct Trace {
    bool accept = false;
    bool hotdrop = false; // dropped by a predicate: the last rule of the path doesn't count the packet
    // Ended at a rule that may match or not, as Environment::judge has it; one that changes nothing (LOG) is passed by.
    bool unknown = false;
    std::vector<ir::Slot> path;         // slots of the rules that matched, in order, and of the policy if it decided
    std::vector<std::uint32_t> effects; // numbers (effects.hpp) of the effects in order
};

// Runs the built-in chain of `hook`. `bytes` as in parse_packet: for predicates that look beyond the view (TCP
// options).
Trace interpret(const ir::Table& table, Hook hook, const xt_view& view, std::span<const std::uint8_t> bytes,
                const Environment& env = {});

// What a dry run of the program (dry_run.h) answers where all goes as in `trace`: a hash of the path, the effects and the
// verdict.
std::uint32_t dry_run_answer(const Trace& trace);

// One predicate: False, True or Hotdrop.
Outcome evaluate(const ir::Predicate& predicate, Family family, const xt_view& view,
                 std::span<const std::uint8_t> bytes, const Environment& env);

} // namespace xtbpf

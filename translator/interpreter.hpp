// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter of the IR: the oracle of the generated code, of the self-check and of `xtbpf explain`. Simple on
// purpose: it walks rules one by one as ipt_do_table does.
#pragma once

#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace xtbpf {

// What the packet alone doesn't tell.
struct Environment {
    // Answers for hand-ins and token buckets; called when the traversal reaches them, in order. Defaults: true.
    std::function<bool(const ir::KernelMatch&)> kernel_match;
    std::function<bool(const ir::LimitTest&)> limit;
    std::function<bool(const ir::CountTest&)> count;    // true: as if it weren't inverted and held
    std::function<std::uint32_t(ir::Field)> lazy_field; // default: 0
};

struct Trace {
    bool accept = false;
    bool hotdrop = false;               // dropped by a predicate: the last rule of the path doesn't count the packet
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

// Whether one predicate holds: false, true or hotdrop.
enum class Outcome : std::uint8_t { False, True, Hotdrop };
Outcome evaluate(const ir::Predicate& predicate, Family family, const xt_view& view,
                 std::span<const std::uint8_t> bytes, const Environment& env);

} // namespace xtbpf

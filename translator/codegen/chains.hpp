// SPDX-License-Identifier: GPL-2.0-or-later
// From the chains of one hook to BPF functions.
//
// A chain that is referenced once is laid out inside its caller; one referenced from several places is a function of its own.
// The hot path of a chain is a row of quick tests that are not taken (0.25 ns each); a rule whose quick test holds continues in
// a block behind the row: its other predicates, its counter, its action; a failure returns to the row.
// Long chains are cut into parts, each a function, so that neither jump offsets nor the verifier's pending branches overflow.
// Where chains nest deeper than BPF functions may call each other, chain functions don't call but return to a loop that keeps
// the stack of returns (datapath/bpf/deep.h).
#pragma once

#include "translator/codegen/predicates.hpp"
#include "translator/effects.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <functional>
#include <string>

namespace xtbpf::codegen {

struct HookOptions {
    KernelClock clock;
    std::string entry = "classify"; // name of the first function
    // Early stage: whether a predicate can be known at ingress. One that can't defers the packet where all others of its rule
    // hold; so do effects and hotdrops. Empty: the exact stage, where everything is known.
    std::function<bool(const ir::Predicate&)> knowable;
};

// Instructions that compile_hook would write, never too low by much.
std::uint64_t code_size(const ir::Table& table, Hook hook);

// The functions that run the built-in chain of `hook`. Refused if the chains nest too deep or are too many to be verified.
Result<Program> compile_hook(const ir::Table& table, Hook hook, const HookNeeds& needs, const HookOptions& options);

} // namespace xtbpf::codegen

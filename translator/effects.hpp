// SPDX-License-Identifier: GPL-2.0-or-later
// The numbering of effects and hand-ins of one hook: generated code, side chains and interpreter agree on it.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf {

// Distinct effects and kernel matches of the rules reachable from a built-in chain, in traversal order (depth first,
// each rule once). A HandOff's number is the index of its effect here; equal effects share one number.
struct HookNeeds {
    std::vector<ir::Effect> effects;
    std::vector<ir::KernelMatch> kernel_matches; // one per predicate instance: not shared
    // How often one packet can need the kernel matches to be gone through, each time for one of them, and the effects, each
    // time for as many as are due in this order; at most XT_MOST_ANSWERS and XT_MOST_EFFECTS: a packet that needs more is dropped.
    std::uint32_t rounds = 0, passes = 0;
};

HookNeeds hook_needs(const ir::Table& table, Hook hook);
std::uint32_t effect_number(const HookNeeds& needs, const ir::Effect& effect);

} // namespace xtbpf

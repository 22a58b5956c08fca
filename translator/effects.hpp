// SPDX-License-Identifier: GPL-2.0-or-later
// The numbering of effects and hand-ins of one hook: generated code, side chains and interpreter agree on it.
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace xtbpf {

// Distinct effects and kernel matches of the rules reachable from a built-in chain, in traversal order (depth first,
// each rule once). A HandOff's number is the index of its effect here; equal effects share one number.
struct HookNeeds {
    std::vector<ir::Effect> effects;
    std::vector<ir::KernelMatch> kernel_matches; // one per predicate instance: not shared
    ir::Touched reads =
        0; // what the hook's rules read: an effect that writes some of it is performed before the next rule
    // How often one packet can stop on its way, at most XT_MOST_STOPS, and how many effects it can meet, at most
    // XT_MOST_EFFECTS: a packet that needs more is dropped.
    std::uint32_t stops = 0, passes = 0;

    std::unordered_map<std::string, std::uint32_t> numbers; // of the effects, by their text
};

HookNeeds hook_needs(const ir::Table& table, Hook hook);
std::uint32_t effect_number(const HookNeeds& needs, const ir::Effect& effect);

// Whether the traversal stops at the effect until the kernel has performed it.
bool stops(const HookNeeds& needs, const ir::Effect& effect);

} // namespace xtbpf

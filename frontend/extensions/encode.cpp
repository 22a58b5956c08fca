// SPDX-License-Identifier: GPL-2.0-or-later
// The structures of matches and targets that are the kernel's own anyway: what they lower to has them.
#include "frontend/extension.hpp"

namespace xtbpf {

std::vector<std::uint8_t> Match::encode(const RuleContext& rule) const {
    std::vector<ir::Predicate> lowered;
    lower(rule, lowered);
    for (ir::Predicate& predicate : lowered)
        if (auto* match = std::get_if<ir::KernelMatch>(&predicate)) return std::move(match->info);
    return {};
}

std::vector<std::uint8_t> Target::encode(const RuleContext& rule) const {
    ir::Action lowered = lower(rule);
    if (auto* off = std::get_if<ir::HandOff>(&lowered))
        if (auto* target = std::get_if<ir::KernelTarget>(&off->effect)) return std::move(target->info);
    return {};
}

} // namespace xtbpf

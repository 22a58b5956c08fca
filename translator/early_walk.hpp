// SPDX-License-Identifier: GPL-2.0-or-later
// The rules' own word on what the early stage drops: the exact tables, walked by the interpreter in the order a packet meets
// them. Sound is an early program that drops nothing else, and counts it so; what it passes needs no reason.
#pragma once

#include "translator/interpreter.hpp"
#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf {

// Packets aimed at the rules of the chains on the way to `hook` (Input or Forward), as they come to PREROUTING, but with the
// out-interface they will have in FORWARD. `tables`: of one family.
std::vector<xt_view> early_probes(std::span<const ir::Table> tables, Hook hook, std::size_t limit);

// What an early program that drops such a packet has to answer to a dry run of it (dry_run.h): the chain and the path. nullopt: no
// rule or policy drops it by then, or one on the way has an effect that the early stage can't have.
std::optional<std::uint32_t> early_drop(std::span<const ir::Table> tables, Hook hook, const xt_view& view,
                                        const Environment& environment = {});

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// Effects (translator/effect.hpp) as nf_tables does them.
#pragma once

#include "kmod-shim/messages.hpp"
#include "translator/effect.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <string>

struct nlmsghdr;

namespace xtbpf::anchor {

// What an effect's rule refers to.
struct EffectParts {
    std::string map;          // an anonymous map, by the name it has within the batch; empty: none
    std::uint32_t map_id = 0; // and its number there
};

// Puts the messages into the batch that have to come before the effect's rule.
EffectParts prepare_effect(Batch& batch, const Place& place, const ir::Effect& effect);

// Puts the effect's expressions into an open NFTA_RULE_EXPRESSIONS.
void put_effect(nlmsghdr* message, Family family, Hook hook, const ir::Effect& effect, const EffectParts& parts);

// For errors: what the effect is and the kernel modules it needs.
std::string describe(const ir::Effect& effect);
std::string modules_of(const ir::Effect& effect);

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
// Moving the rules from one implementation to another: the new ones are in force before the old ones go, so that every packet is
// judged by at least one whole ruleset.
#pragma once

#include "frontend/xtbpf/migrate/variant.hpp"
#include "translator/error.hpp"

namespace xtbpf::tool {

// Where the rules are that are to move: the given one, or the only one of legacy and nft that has any. Refused if both have, or
// neither.
Result<Variant> source(std::optional<Variant> chosen);

// Where they go back to: the given one, or the only one whose tables still exist, emptied, or that a killed move left rules in.
Result<Variant> destination(std::optional<Variant> chosen);

// Whether move_rules would, as things stand; changes nothing.
Result<void> movable(Variant from, Variant to);

// Nothing has changed if this fails. Refused if `to` has rules of its own; what a killed move has left there is completed.
Result<void> move_rules(Variant from, Variant to);

// Puts back in force in `to` what was there `before` a move that is done, or was cut off at any point; counters go on from
// those of `from`.
Result<void> undo_move(Variant from, Variant to, const Saved& before);

} // namespace xtbpf::tool

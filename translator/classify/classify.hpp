// SPDX-License-Identifier: GPL-2.0-or-later
// The classifier: chains of a table as an image (image.h), which a walk (walk.h) goes through at a cost that hardly depends on the
// number of rules. Pure.
//
// The walk does all that rules say: it counts, jumps, hands effects off, ends with a verdict. It evaluates predicates that compare
// what is in the view. A rule with another one (a limit, a match of the kernel, a TCP option) has a *guard*: once all
// before that predicate holds, the walk asks generated code whether the rest does.
#pragma once

#include "translator/classify/conditions.hpp"
#include "translator/effects.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf::classify {

struct Guard {
    std::uint32_t chain; // index into Table::chains
    std::uint32_t rule;  // index into its rules
    std::uint32_t from;  // the first predicate that is the code's
};

// A hook whose built-in chain is to be walked.
struct Root {
    Hook hook;
    const HookNeeds* needs; // numbers of effects there
};

struct Image {
    Family family = Family::V4;
    std::vector<std::uint8_t> bytes;
    std::vector<std::optional<std::uint32_t>> numbers; // of the table's chains, in the image
    std::vector<Guard> guards;                         // by number
    std::size_t tuples = 0;                            // of the chain that has most
    std::size_t longest_list = 0;                      // rules in one list of an index
};

// For edits of an image in force (room.hpp).
struct RoomPlan {
    ir::Slot slots = 0;      // first that no rule has
    std::uint32_t parts = 0; // of the view that the programs fill: XT_PART_*
};

// What some built-in chains of a table reach. Nothing if more than XT_WALK_DEPTH jumps could be pending, or if there are more guards
// or effects than 16 bits number.
std::optional<Image> build_image(const ir::Table& table, std::span<const Root> roots,
                                 const std::optional<RoomPlan>& room = {});

} // namespace xtbpf::classify

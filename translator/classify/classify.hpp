// SPDX-License-Identifier: GPL-2.0-or-later
// The classifier: chains of a table as an image (image.h), which a walk (walk.h) goes through at a cost that hardly depends on the
// number of rules. Pure.
//
// The walk does what its rules say by itself: it counts, ends with a verdict, returns, jumps to other chains of the image. What
// it can't do stays with the generated code: rules with predicates that aren't comparisons of the view (a limit, a match of the
// kernel, a TCP option) and actions beyond verdicts and jumps within the image. Such a rule is a *guard*: once all
// before its first such predicate holds, the walk stops and says so; the code evaluates the rule whole and, if it doesn't end the
// traversal, resumes the walk behind it.
#pragma once

#include "translator/classify/conditions.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf::classify {

struct Guard {
    std::uint32_t chain; // index into Table::chains
    std::uint32_t rule;  // index into its rules
};

struct Image {
    Family family = Family::V4;
    std::vector<std::uint8_t> bytes;
    std::vector<std::optional<std::uint32_t>> numbers; // of the table's chains, in the image
    std::vector<Guard> guards;                         // by number
    std::size_t tuples = 0;                            // of the chain that has most
    std::size_t longest_list = 0;                      // rules in one list of an index
};

// `chains`: indexes of the table's chains that go into the image. A jump within the image is the walk's, unless more than
// XT_WALK_DEPTH could be pending; one that leaves it is a guard.
Image build_image(const ir::Table& table, std::span<const std::uint32_t> chains, const Knowable& knowable = {});

} // namespace xtbpf::classify

// SPDX-License-Identifier: GPL-2.0-or-later
// Walks through an image outside the kernel: the same steps as the BPF program's, for tests and for measuring how an image is made.
#pragma once

#include "translator/classify/classify.hpp"

namespace xtbpf::classify {

struct WalkResult {
    int result = 0;        // enum xt_verdict, XT_WALK_HOTDROP, XT_WALK_GUARD + number
    std::size_t steps = 0; // of which a probe of a tuple or a check of a record is one each
};

// Rules that match are mixed into view.path_hash, as in a dry run. `place` is all zero before start(). start() is from a position of a chain on, by its number in the
// image; resume() behind the guard the walk has stopped at, or from there back to where its chain was called from.
WalkResult start(const Image& image, xt_view& view, xt_place& place, std::uint32_t chain, std::uint32_t from = 0);
WalkResult resume(const Image& image, xt_view& view, xt_place& place, bool returns = false);

} // namespace xtbpf::classify

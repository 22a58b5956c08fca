// SPDX-License-Identifier: GPL-2.0-or-later
// Walks through an image outside the kernel: the same steps as the BPF program's, for tests and for measuring how an image is made.
#pragma once

#include "translator/classify/classify.hpp"

#include <functional>

namespace xtbpf::classify {

// What isn't the walk's: all in the order of the traversal.
struct Helpers {
    std::function<int(const Guard&)> guard; // its answer as in xt_walk_answer of walk.h
    std::function<void(std::uint32_t number)> effect;
    std::function<bool()> pause; // as XT_WALK_PAUSE
};

struct WalkResult {
    int result = 0;        // enum xt_verdict
    std::size_t steps = 0; // of which a probe of a tuple or a check of a record is one each
};

// The built-in chain of view.hook; or, if view.depth isn't 0, what is left of it. Rules that match are mixed into view.path_hash,
// as in a dry run.
WalkResult walk(const Image& image, xt_view& view, const Helpers& helpers);

} // namespace xtbpf::classify

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/walk.hpp"

#define XT_WALK_COUNT(view, slot) ((view)->path_hash = xt_path_mix((view)->path_hash, slot))
#include "translator/classify/walk.h"

namespace xtbpf::classify {

namespace {

xt_walk prepare(const Image& image, xt_view& view, xt_place& place) {
    xt_walk walk{};
    walk.view = &view;
    walk.place = &place;
    walk.image = image.bytes.data();
    walk.bound = static_cast<__u32>(image.bytes.size() - XT_IMAGE_SLACK);
    walk.v6 = image.family == Family::V6;
    return walk;
}

WalkResult run(xt_walk& walk, int done) {
    WalkResult result;
    for (; done == 0; ++result.steps)
        done = xt_walk_step(&walk);
    result.result = walk.result;
    return result;
}

} // namespace

WalkResult start(const Image& image, xt_view& view, xt_place& place, std::uint32_t chain, std::uint32_t from) {
    xt_walk walk = prepare(image, view, place);
    return run(walk, xt_walk_start(&walk, chain, from));
}

WalkResult resume(const Image& image, xt_view& view, xt_place& place, bool returns) {
    xt_walk walk = prepare(image, view, place);
    return run(walk, xt_walk_resume(&walk, returns));
}

} // namespace xtbpf::classify

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/walk.hpp"

namespace {
thread_local const xtbpf::classify::Image* walked = nullptr;
}

#define XT_WALK_COUNT(view, slot) ((view)->path_hash = xt_path_mix((view)->path_hash, slot))
#define XT_WALK_BOUND(walk) static_cast<__u32>(walked->bytes.size() - XT_IMAGE_SLACK)
#define XT_WALK_V6(walk) (walked->family == xtbpf::Family::V6)
#include "translator/classify/walk.h"

namespace xtbpf::classify {

namespace {

class Walker {
  public:
    Walker(const Image& image, xt_view& view, xt_place& place)
        : walk_{.view = &view, .place = &place, .state = &state_, .image = image.bytes.data()} {
        walked = &image;
    }

    WalkResult start(std::uint32_t chain, std::uint32_t from) { return run(xt_walk_start(&walk_, chain, from)); }
    WalkResult resume(bool returns) { return run(xt_walk_resume(&walk_, returns)); }

  private:
    WalkResult run(int done) {
        WalkResult result;
        for (; done == 0; ++result.steps)
            done = xt_walk_step(&walk_);
        result.result = state_.result;
        return result;
    }

    xt_walk_state state_{};
    xt_walk walk_;
};

} // namespace

WalkResult start(const Image& image, xt_view& view, xt_place& place, std::uint32_t chain, std::uint32_t from) {
    return Walker(image, view, place).start(chain, from);
}

WalkResult resume(const Image& image, xt_view& view, xt_place& place, bool returns) {
    return Walker(image, view, place).resume(returns);
}

} // namespace xtbpf::classify

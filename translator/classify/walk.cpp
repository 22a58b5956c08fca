// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/walk.hpp"

namespace xtbpf::classify {
namespace {

struct Context {
    const Image& image;
    const Helpers& helpers;
};

const Context& context_of(const void* context) { return *static_cast<const Context*>(context); }

#define XT_WALK_COUNT(view, slot) ((view)->path_hash = xt_path_mix((view)->path_hash, slot))
#define XT_WALK_EFFECT(walk, number) context_of((walk)->context).helpers.effect(number)
#define XT_WALK_PAUSE(walk) context_of((walk)->context).helpers.pause()
#define XT_WALK_CALL(walk, part) xt_walk_##part(walk)
#define XT_WALK_BOUND(walk) static_cast<__u32>(context_of((walk)->context).image.bytes.size() - XT_IMAGE_SLACK)
#define XT_WALK_V6(walk) (context_of((walk)->context).image.family == Family::V6)

} // namespace
} // namespace xtbpf::classify

namespace {
using xtbpf::Family;
using xtbpf::classify::context_of;
#include "translator/classify/walk.h"
} // namespace

namespace xtbpf::classify {

WalkResult walk(const Image& image, xt_view& view, const Helpers& helpers) {
    Context context{image, helpers};
    xt_walk_state state{};
    xt_walk walk{.context = &context, .view = &view, .state = &state, .image = image.bytes.data()};
    WalkResult result;
    for (int says = xt_walk_start(&walk); says != XT_WALK_DONE; ++result.steps)
        says = says == XT_WALK_ASK       ? xt_walk_answer(&walk, helpers.guard(image.guards[view.callee]))
               : says == XT_WALK_EXAMINE ? xt_walk_examine(&walk)
               : says == XT_WALK_EDIT    ? xt_walk_edit(&walk)
                                         : xt_walk_step(&walk);
    result.result = state.result == XT_WALK_HOTDROP ? static_cast<int>(XT_DROP) : state.result;
    return result;
}

} // namespace xtbpf::classify

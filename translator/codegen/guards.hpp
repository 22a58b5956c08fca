// SPDX-License-Identifier: GPL-2.0-or-later
// The generated code of a hook whose chains are an image (classify/): the walk does all but evaluate some predicates. Private to
// codegen but for the image's makers.
#pragma once

#include "translator/classify/classify.hpp"
#include "translator/codegen/chains.hpp"

namespace xtbpf::codegen {

// The entry, which walks, and `guards`, which evaluates what is left of a rule (xt_walk_answer of classify/walk.h). Refused if
// the guards are too many to be verified.
Result<Program> compile_walk(const ir::Table& table, Hook hook, const classify::Image& image,
                             const HookOptions& options);

} // namespace xtbpf::codegen

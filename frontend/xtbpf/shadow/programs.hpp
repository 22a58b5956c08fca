// SPDX-License-Identifier: GPL-2.0-or-later
// Programs as a commit of the rules would load them, but called by nobody: asked by BPF_PROG_TEST_RUN only, dry, so that nothing is
// counted. They go with the last copy of what load_programs gives.
#pragma once

#include "frontend/xtbpf/explain/explanation.hpp"

namespace xtbpf::tool {

// What it answers goes to TableWalk::live: empty, or that a program does otherwise than the rules say.
Result<AskLive> load_programs(const Rules& rules);

} // namespace xtbpf::tool

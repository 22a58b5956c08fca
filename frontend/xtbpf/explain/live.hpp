// SPDX-License-Identifier: GPL-2.0-or-later
// --live: what the loaded programs do with a packet, beside what the interpreter says.
#pragma once

#include "frontend/xtbpf/explain/explanation.hpp"

namespace xtbpf::tool {

// Asks the programs in force for tables of this family (BPF_PROG_TEST_RUN, dry: nothing is counted).
AskLive ask_loaded_programs(Family family);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What a loaded program of the early stage would do with a packet, asked by BPF_PROG_TEST_RUN (translator/dry_run.h). Routes,
// devices and connections aren't looked at, nothing is counted, and traffic isn't touched.
#pragma once

#include "datapath/early_attach.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"
#include "translator/view.h"

#include <cstdint>
#include <optional>

namespace xtbpf::early {

enum class Says : std::uint8_t { Nothing, Passes, Drops };

struct Answer {
    Says says = Says::Nothing; // Nothing: it is off, another namespace's, or of a version that can't be asked
    std::uint32_t path = 0;    // of Drops: as early_drop() of translator/early_walk.hpp has it
};

// `view`: as the packet comes to PREROUTING, with the out-interface it has in FORWARD; `hook`: Input or Forward, where it goes on.
Result<Answer> dry_run(Place place, int program, Family family, Hook hook, const xt_view& view);

} // namespace xtbpf::early

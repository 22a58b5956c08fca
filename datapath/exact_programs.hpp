// SPDX-License-Identifier: GPL-2.0-or-later
// Compiles a table's chains and loads them as the programs of the exact stage.
#pragma once

#include "datapath/fd.hpp"
#include "kmod-shim/anchor.hpp"
#include "translator/effects.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf {

struct HookPrograms {
    Hook hook;
    HookNeeds needs;
    Fd main;
    Fd again;                     // with hand-ins
    std::vector<Fd> need;         // per hand-in
    std::vector<Fd> yes;          // per hand-in
    std::vector<Fd> due;          // per effect
    Fd orphan, accepts;           // with hand-ins or effects
    std::size_t instructions = 0; // generated, without the runtime's

    anchor::HookPlan plan() const; // file descriptors stay this object's
};

struct ExactPrograms {
    std::vector<HookPrograms> hooks; // in hook order
};

// Loads one program per hook of the table (and what its hand-ins and effects need). `counters` and `limits` are the pages'
// file descriptors in page order. Refused with what was tried, errno and the verifier's last lines.
Result<ExactPrograms> load_exact(const ir::Table& table, const std::vector<int>& counters,
                                 const std::vector<int>& limits);

} // namespace xtbpf

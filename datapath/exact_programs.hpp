// SPDX-License-Identifier: GPL-2.0-or-later
// Compiles a table's chains and loads them as the programs of the exact stage.
#pragma once

#include "datapath/fd.hpp"
#include "kmod-shim/anchor.hpp"
#include "translator/effects.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace xtbpf {

struct HookPrograms {
    Hook hook;
    HookNeeds needs;
    bool empty = false; // no rules, ACCEPT, and none can come by an edit in place: there are no programs
    Fd main;
    Fd again;                     // with stops
    Fd idle;                      // with hand-ins or effects
    bool asks_out = false;        // may have to ask for the out-device
    std::size_t instructions = 0; // generated, without the runtime's
    bool walked = false;          // its chains are data

    bool needs_kernel() const { return !needs.effects.empty() || !needs.kernel_matches.empty() || asks_out; }
    std::uint32_t stops() const { return needs.stops + (asks_out ? 1 : 0); }
};

// The small programs of the side chains, which serve all hooks of the table.
struct SidePrograms {
    Fd orphan, accepts, yes, out;
    std::vector<std::array<Fd, anchor::kStepDigits>> digits; // by level
};

struct ExactPrograms {
    std::vector<HookPrograms> hooks; // in hook order
    SidePrograms side;               // if some hook needs the kernel
    std::size_t image_bytes = 0;     // of the chains that are data,
    Fd image;                        // and their map

    anchor::HookPlan plan(const HookPrograms& hook) const; // file descriptors stay this object's
};

// Fits the programs to the kernel (fitted_objects.hpp), which load_exact() does otherwise.
Result<void> fit_exact();

// Loads one program per hook of the table that has something to decide (and what its hand-ins and effects need). `counters`
// and `limits` are the pages' file descriptors in page order. Refused with what was tried, errno and the verifier's last lines.
Result<ExactPrograms> load_exact(const ir::Table& table, const std::vector<int>& counters,
                                 const std::vector<int>& limits);

// A hook's chains become code up to so many instructions; longer ones are data, an image that is walked (translator/classify),
// unless they nest too deep for that.
inline constexpr std::uint64_t kMostCode = 6000;
Result<ExactPrograms> load_exact_coded(const ir::Table& table, const std::vector<int>& counters,
                                       const std::vector<int>& limits, std::uint64_t most_code);

} // namespace xtbpf

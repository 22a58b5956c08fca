// SPDX-License-Identifier: GPL-2.0-or-later
// Before a commit: asks the loaded programs what they would do with packets aimed at the rules and compares with the
// interpreter. The programs run for real (BPF_PROG_TEST_RUN), but dry: nothing is counted (translator/dry_run.h).
#pragma once

#include "translator/effects.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstdint>
#include <span>
#include <vector>

namespace xtbpf {

// What a dry run of `program` (a main program of the hook) answers for a packet given as view and bytes; dry_run_answer of the
// interpreter tells what it has to be, where hand-ins and token buckets say yes.
Result<std::uint32_t> dry_run(int program, const xt_view& view, std::span<const std::uint8_t> bytes);

// Packets aimed at the rules of one hook (translator/probes.hpp), and what its program has to answer to each.
struct Expectation {
    Hook hook;
    std::vector<xt_view> packets;
    std::vector<std::uint32_t> answers;
};
Expectation expectation(const ir::Table& table, Hook hook);

// Refused, with the packet, if the program answers any otherwise.
Result<void> self_check(const Expectation& expected, Family family, int program);

} // namespace xtbpf

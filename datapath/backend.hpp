// SPDX-License-Identifier: GPL-2.0-or-later
// Tables in force in the current network namespace: the frontend's seam on the kernel.
#pragma once

#include "datapath/early_stage.hpp"
#include "datapath/exact_programs.hpp"
#include "datapath/store.hpp"
#include "frontend/backend.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace xtbpf {

using early::LowerTable;

// Brings a table's programs into the kernel, as load_exact() does; tests put one there that fails.
using LoadPrograms = std::function<Result<ExactPrograms>(const ir::Table&, const std::vector<int>& counters,
                                                         const std::vector<int>& limits)>;

// Puts the rules of `held`, whose anchor somebody has removed or damaged, in force again, lowered as `program`: they go on counting
// where they were. Overtaken: the table has other rules by now.
Result<void> put_back(CurrentStore held, ir::Table program, LowerTable lower);

std::unique_ptr<Backend> make_kernel_backend(LowerTable lower, LoadPrograms load = load_exact);

} // namespace xtbpf

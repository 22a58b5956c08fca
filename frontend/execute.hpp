// SPDX-License-Identifier: GPL-2.0-or-later
// Carries a parsed command out on a table in memory.
#pragma once

#include "frontend/command.hpp"
#include "frontend/work_table.hpp"

namespace xtbpf {

// Listings and the lines of -v go to `streams`. The outer error: the program ends at once. The inner: libiptc's
// refusal, which the caller words (iptables: MSG; iptables-restore: line N failed).
Diagnosed<Result<void>> execute(Command command, WorkTable& table, const Program& program, const Streams& streams);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// What -vv prints: the table as the kernel's ip_tables interface has it (libiptc/libip4tc.c and libip6tc.c, dump_entry;
// libiptc/libiptc.c, TC_DUMP_ENTRIES).
#pragma once

#include "frontend/diagnosis.hpp"
#include "translator/table.hpp"

namespace xtbpf {

// On standard output; a rule that has no form in that interface as a warning instead.
void dump_to(const Streams& streams, const Program& program, const StoredTable& table);

} // namespace xtbpf

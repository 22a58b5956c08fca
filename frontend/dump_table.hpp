// SPDX-License-Identifier: GPL-2.0-or-later
// What -vv prints: the table as the kernel's ip_tables interface has it (libiptc/libip4tc.c and libip6tc.c, dump_entry;
// libiptc/libiptc.c, TC_DUMP_ENTRIES).
#pragma once

#include "frontend/diagnosis.hpp"
#include "frontend/iptc/refusal.hpp"
#include "translator/table.hpp"

#include <string>

namespace xtbpf {

// Errors: a rule that has no form in that interface.
iptc::Answer<std::string> dump_table(const StoredTable& table);

// The same on standard output; the error as a warning.
void dump_to(const Streams& streams, const Program& program, const StoredTable& table);

} // namespace xtbpf

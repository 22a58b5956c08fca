// SPDX-License-Identifier: GPL-2.0-or-later
// The text of a saved table.
#pragma once

#include "translator/table.hpp"

#include <string>

namespace xtbpf {

// The lines between "*TABLE" and "COMMIT".
void save_body(std::string& out, const StoredTable& table, bool counters);

} // namespace xtbpf

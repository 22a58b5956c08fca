// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of the IR's dump.
#pragma once

#include "translator/ir.hpp"

#include <string>
#include <string_view>

namespace xtbpf::ir {

// One predicate, as in the dump of a table.
std::string dump(const Predicate& predicate, Family family);

// Text that comes from the user: in quotes unless it is one plain word; bytes that could break a line are written \xNN.
std::string quoted(std::string_view text);

} // namespace xtbpf::ir

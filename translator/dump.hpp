// SPDX-License-Identifier: GPL-2.0-or-later
// What the IR's dumps share.
#pragma once

#include <string>
#include <string_view>

namespace xtbpf::ir {

// Text that comes from the user: in quotes unless it is one plain word; bytes that could break a line are written \xNN.
std::string quoted(std::string_view text);

} // namespace xtbpf::ir

// SPDX-License-Identifier: GPL-2.0-or-later
// -A, -I, -R, -D and -C of one rule of a long table, without reading or compiling the rest of it.
#pragma once

#include "frontend/backend.hpp"
#include "frontend/command.hpp"

#include <optional>

namespace xtbpf {

// What became of the command, as of execute(). nullopt: it has to go the usual way, through the whole table (a short one, other
// commands, rules that need new code, most refusals). Nothing has changed then, and the command can still be executed.
std::optional<Result<void>> edit_in_place(Command& command, Family family, Backend& backend);

} // namespace xtbpf

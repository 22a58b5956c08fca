// SPDX-License-Identifier: GPL-2.0-or-later
// Running another program: its input and output as texts.
#pragma once

#include "translator/error.hpp"

#include <string>
#include <vector>

namespace xtbpf::tool {

// What it wrote to its standard output. Refused, with what it wrote to its standard error, unless it exits with 0.
Result<std::string> run_program(const std::vector<std::string>& words, const std::string& input = {});

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Patterns of `-m string`: plain, or with |hex digits| between plain text and `\` before a character to be taken as it is.
#pragma once

#include "translator/error.hpp"

#include <string>
#include <string_view>

namespace xtbpf {

Result<std::string> parse_pattern(std::string_view text);
Result<std::string> parse_hex_pattern(std::string_view text);

// Whether --string can say it; else it takes --hex-string.
bool pattern_prints(std::string_view pattern);

// In double quotes, in the form that goes with pattern_prints.
void append_pattern(std::string& out, std::string_view pattern);

} // namespace xtbpf

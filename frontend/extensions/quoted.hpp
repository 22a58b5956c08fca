// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace xtbpf {

// Appends a blank and the text so that iptables-restore reads it back: bare if it has nothing but word characters, else in
// double quotes with `"`, `\` and `'` escaped (libxtables/xtables.c, xtables_save_string).
void append_quoted(std::string& out, std::string_view text);

// Where iptables prints a text bare, whatever it holds: what wouldn't read back is quoted nevertheless, as the stored rule is
// the saved one.
void append_word(std::string& out, std::string_view text);

} // namespace xtbpf

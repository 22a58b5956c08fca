// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the TOS byte and their names (tos_values.c, libxtables/xtoptions.c).
#pragma once

#include "translator/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xtbpf {

struct TosValue {
    std::uint8_t value = 0, mask = 0;
    bool operator==(const TosValue&) const = default;
};

// xtopt_parse_tosmask: VALUE, VALUE/MASK (default mask 0xff) or a name (mask 0x3f)
Result<TosValue> parse_tos(std::string_view text);

// The name, if the mask is that of names; else empty.
std::string_view tos_name(const TosValue& tos);

// One line per name, as help shows them.
std::string tos_name_list();

} // namespace xtbpf

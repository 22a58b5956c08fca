// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/error.hpp"

#include <cstdint>
#include <string_view>

namespace xtbpf {

// A DiffServ class by name, in any case: CS0 to CS7, BE, AF11 to AF43, EF (RFC 2474, 2597, 3246; dscp_helper.c). 0 to 63.
Result<std::uint8_t> parse_dscp_class(std::string_view name);

} // namespace xtbpf

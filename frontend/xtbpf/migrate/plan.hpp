// SPDX-License-Identifier: GPL-2.0-or-later
// What a migration would do, in words: which rules, and where each chain would run.
#pragma once

#include "frontend/xtbpf/migrate/variant.hpp"
#include "translator/error.hpp"

#include <string>

namespace xtbpf::tool {

// Refused if one of the rules isn't understood.
Result<std::string> plan(Variant from, const Saved& saved);

} // namespace xtbpf::tool

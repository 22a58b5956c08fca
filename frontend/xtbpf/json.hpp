// SPDX-License-Identifier: GPL-2.0-or-later
// JSON as --json prints it: one line, keys in the order they are given.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace xtbpf::tool {

using Json = nlohmann::ordered_json;

// What users choose (comments, names) may not be UTF-8: such bytes are replaced.
inline std::string line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'; }

} // namespace xtbpf::tool

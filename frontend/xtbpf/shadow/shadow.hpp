// SPDX-License-Identifier: GPL-2.0-or-later
// Shadow mode: our rules judge live traffic beside the kernel's own iptables, which stays in force. Taps before and behind its
// tables tell of each packet and whether it has passed; our programs are loaded, asked dry, and give no verdict.
#pragma once

#include "frontend/xtbpf/explain/rules.hpp"
#include "frontend/xtbpf/shadow/book.hpp"

#include <array>
#include <chrono>

namespace xtbpf::tool {

using BothRules = std::array<Rules, 2>; // by family

// For so long, or until SIGINT or SIGTERM.
Result<Findings> shadow(BothRules rules, std::chrono::seconds time);

bool agrees(const Findings& findings);
std::string text(const Findings& findings);
std::string json(const Findings& findings);

} // namespace xtbpf::tool

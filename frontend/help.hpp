// SPDX-License-Identifier: GPL-2.0-or-later
// The text of -h, with the parts of the extensions in use.
#pragma once

#include "frontend/diagnosis.hpp"
#include "frontend/extension.hpp"

#include <span>
#include <string>

namespace xtbpf {

std::string help_text(const Program& program, const TargetDef* target, std::span<const MatchDef* const> matches);

// Of iptables-restore.
std::string restore_usage(const Program& program);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// The programs in one: which applet a name means, and running it.
#pragma once

#include "frontend/backend.hpp"
#include "frontend/diagnosis.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace xtbpf {

struct Applet {
    enum class Kind : std::uint8_t { Command, Restore, Save };
    Kind kind = Kind::Command;
    Family family = Family::V4;
};

// libxtables/xtables.c, xtables_malloc
inline constexpr std::string_view kNoMemory = "ip[6]tables: malloc failed: Cannot allocate memory\n";

// "iptables", "iptables-bpf", "ip6tables-bpf-save", ...; a path before it is ignored.
std::optional<Applet> applet_by_name(std::string_view name);

// `args` without the program's name. Returns the exit code.
int run_applet(Applet applet, std::span<const std::string_view> args, Backend& backend, const Streams& streams);

} // namespace xtbpf

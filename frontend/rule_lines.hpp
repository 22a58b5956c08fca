// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a restore that hold commands, as a rule `-A`: what they say, before anything is done about it. So they can be parsed
// by several threads.
#pragma once

#include "frontend/command.hpp"

#include <future>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

struct RestoreOptions {
    bool counters = false, noflush = false, test = false;
    int verbose = 0, wait = 0;
    std::optional<std::string> only_table;
    bool locked = true; // takes the lock; not where nothing is put in force
};

struct RuleLine {
    Diagnosed<Command> command;
    std::string warnings; // for stderr, before the command is carried out
};

// All lines, in their order, into `parsed`, which has room for as many, part by part; a part ends behind a
// line with an error. `program` has the number of the first line. The arguments must outlive the parts.
std::vector<std::future<std::span<RuleLine>>> parse_rule_lines(std::span<const std::string_view> lines,
                                                               const RestoreOptions& options, std::string_view table,
                                                               const Program& program, std::span<RuleLine> parsed);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// What each applet does; private to frontend. Success prints nothing but what was asked for.
#pragma once

#include "frontend/applet.hpp"
#include "frontend/diagnosis.hpp"
#include "frontend/work_table.hpp"

#include <span>
#include <string_view>

namespace xtbpf {

Diagnosed<void> run_command(std::span<const std::string_view> args, const Program& program, Backend& backend,
                            const Streams& streams);
Diagnosed<void> run_restore(std::span<const std::string_view> args, Program program, Backend& backend,
                            const Streams& streams);
Diagnosed<void> run_save(std::span<const std::string_view> args, const Program& program, Backend& backend,
                         const Streams& streams);

struct OpenTable {
    WorkTable table;
    bool untouched; // the kernel doesn't have it yet
};

// Errors: TableUnavailable, with iptables' words for an unknown name.
Result<OpenTable> open_table(std::string_view name, Family family, Backend& backend);

// To look at a table, even in vain, is enough to make the kernel have it: empty, policies ACCEPT. Failing is no error:
// looking must work where nothing can be loaded.
void touch_table(Family family, TableId id, Backend& backend);

} // namespace xtbpf

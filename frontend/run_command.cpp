// SPDX-License-Identifier: GPL-2.0-or-later
// iptables and ip6tables themselves: parse, lock, edit or list, commit (iptables/iptables-standalone.c, iptables_main).
#include "frontend/applets.hpp"
#include "frontend/command.hpp"
#include "frontend/dump_table.hpp"
#include "frontend/edit_in_place.hpp"
#include "frontend/execute.hpp"
#include "frontend/lock.hpp"
#include "frontend/lower.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

std::unexpected<Diagnosis> refused(const Program& program, const Error& error) {
    return std::unexpected(Diagnosis{exit_code(error.kind), fmt::format("{}: {}\n", program.name, error.message), {}});
}

} // namespace

Diagnosed<void> run_command(std::span<const std::string_view> args, const Program& program, Backend& backend,
                            const Streams& streams) {
    std::string warnings;
    auto command = parse_command(args, "filter", program, &warnings);
    streams.warn(warnings);
    if (!command) return std::unexpected(std::move(command.error()));
    const auto lock = XtablesLock::take(command->wait);
    if (!lock) return std::unexpected(lock.error());

    if (const auto edited = edit_in_place(*command, program.family, backend)) {
        if (!*edited) return refused(program, edited->error());
        return {};
    }
    auto opened = open_table(command->table, program.family, backend);
    if (!opened) {
        Error error = std::move(opened.error());
        if (error.kind == ErrorKind::Denied) error.kind = ErrorKind::TableUnavailable;
        if (error.kind == ErrorKind::TableUnavailable)
            error.message =
                fmt::format("can't initialize {} table `{}': {}", program.name, command->table, error.message);
        return program.problem(error);
    }
    WorkTable table = std::move(opened->table);
    const TableId id = table.id();
    const std::optional<StoredTable> as_read = command->verbose > 1 ? std::optional(table.copy()) : std::nullopt;
    const auto done = execute(std::move(*command), table, program, streams);
    if (as_read && done) dump_to(streams, program, *as_read);
    if (done && *done && table.changed()) {
        auto linked = link(std::move(table));
        if (linked) {
            const auto committed = backend.commit(std::move(linked->stored), std::move(linked->program));
            if (!committed) return refused(program, committed.error());
            return {};
        }
        if (opened->untouched) touch_table(program.family, id, backend);
        return refused(program, linked.error());
    }
    if (opened->untouched) touch_table(program.family, id, backend);
    if (!done) return std::unexpected(done.error());
    if (!*done) return refused(program, done->error());
    return {};
}

} // namespace xtbpf

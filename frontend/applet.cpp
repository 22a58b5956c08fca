// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/applet.hpp"

#include "frontend/applets.hpp"
#include "frontend/lower.hpp"

#include <new>
#include <string>

namespace xtbpf {

namespace {
constexpr std::size_t kMaxTableName = 32; // XT_TABLE_MAXNAMELEN
}

std::optional<Applet> applet_by_name(std::string_view name) {
    if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
    Applet applet;
    const auto take_suffix = [&](std::string_view suffix) {
        if (!name.ends_with(suffix)) return false;
        name.remove_suffix(suffix.size());
        return true;
    };
    if (take_suffix("-restore"))
        applet.kind = Applet::Kind::Restore;
    else if (take_suffix("-save"))
        applet.kind = Applet::Kind::Save;
    take_suffix("-bpf");
    if (name == "ip6tables")
        applet.family = Family::V6;
    else if (name != "iptables")
        return std::nullopt;
    return applet;
}

namespace {

Diagnosed<void> run(Applet applet, std::span<const std::string_view> args, Backend& backend, const Streams& streams) {
    Program program;
    program.family = applet.family;
    program.name = applet.family == Family::V4 ? "iptables" : "ip6tables";
    switch (applet.kind) {
    case Applet::Kind::Command: break;
    case Applet::Kind::Restore:
        program.name += "-restore";
        program.restore = true;
        program.line = 0;
        return run_restore(args, std::move(program), backend, streams);
    case Applet::Kind::Save: program.name += "-save"; return run_save(args, program, backend, streams);
    }
    return run_command(args, program, backend, streams);
}

} // namespace

int run_applet(Applet applet, std::span<const std::string_view> args, Backend& backend, const Streams& streams) {
    Diagnosed<void> done;
    try {
        done = run(applet, args, backend, streams);
    } catch (const std::bad_alloc&) { done = std::unexpected(Diagnosis{1, std::string(kNoMemory), {}}); }
    if (!done) {
        streams.say(done.error().out);
        streams.warn(done.error().err);
    }
    std::fflush(streams.out);
    return done ? 0 : done.error().code;
}

Result<OpenTable> open_table(std::string_view table, Family family, Backend& backend) {
    if (table.size() >= kMaxTableName) // libiptc/libiptc.c, TC_INIT: EINVAL
        return fail(ErrorKind::TableUnavailable, "Module is wrong version");
    const auto id = table_by_name(table);
    if (!id) return fail(ErrorKind::TableUnavailable, "Table does not exist (do you need to insmod?)");
    auto stored = backend.read(family, *id);
    if (!stored) return std::unexpected(std::move(stored.error()));
    if (!*stored) return OpenTable{WorkTable(family, *id), true};
    return OpenTable{WorkTable(std::move(**stored)), false};
}

void touch_table(Family family, TableId id, Backend& backend) {
    if (auto linked = link(WorkTable(family, id)))
        static_cast<void>(backend.commit(std::move(linked->stored), std::move(linked->program)));
}

} // namespace xtbpf

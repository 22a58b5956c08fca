// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf migrate
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/migrate/guard.hpp"
#include "frontend/xtbpf/migrate/moving.hpp"
#include "frontend/xtbpf/migrate/plan.hpp"
#include "frontend/xtbpf/shadow/shadow_rules.hpp"
#include "frontend/xtbpf/stop_signal.hpp"

#include <boost/program_options.hpp>
#include <csignal>
#include <fmt/format.h>
#include <syslog.h>

namespace xtbpf::tool {

namespace {

int show_plan(Variant from) {
    const auto saved = save(from);
    if (!saved) return complain(saved.error());
    const auto text = plan(from, *saved);
    if (!text) return complain(text.error());
    fmt::print("{}", *text);
    std::fflush(stdout);
    const auto can = movable(from, Variant::Bpf);
    return can ? kDone : complain(can.error());
}

// Both judge live traffic for a while; whether they agree.
Result<bool> rehearse(Variant from, unsigned seconds) {
    const auto saved = save(from);
    if (!saved) return std::unexpected(saved.error());
    auto rules = rules_of(*saved);
    if (!rules) return std::unexpected(rules.error());
    stop_on_signals();
    fmt::print("For {} seconds the rules judge live traffic here as well as in the kernel.\n", seconds);
    std::fflush(stdout);
    const auto found = shadow(std::move(*rules), std::chrono::seconds(seconds));
    if (!found) return std::unexpected(found.error());
    fmt::print("{}", text(*found));
    // Who ends it, or whose terminal goes, hasn't seen both agree for as long as he asked for.
    if (stop_wanted()) return fail(ErrorKind::Refused, "interrupted: nothing was moved");
    const auto after = save(from);
    if (!after) return std::unexpected(after.error());
    if (without_counters(*after) != without_counters(*saved))
        return fail(ErrorKind::Refused, "the rules were changed meanwhile");
    return agrees(*found);
}

// The guard's errand: nobody reads its standard error.
void go_back(Variant from, const Saved& before) {
    ::openlog("xtbpf", LOG_PID, LOG_DAEMON);
    const auto lock = moving_lock();
    const auto done = lock ? undo_move(Variant::Bpf, from, before) : Result<void>(std::unexpected(lock.error()));
    if (done)
        ::syslog(LOG_WARNING, "nobody confirmed the migration: the rules are iptables-%s's again", name(from).data());
    else
        ::syslog(LOG_ERR, "nobody confirmed the migration, but going back failed: %s", done.error().message.c_str());
}

int go(Variant from, std::optional<unsigned> seconds) {
    std::optional<Guard> guard;
    if (seconds) {
        const auto before = save(from);
        if (!before) return complain(before.error());
        const auto started = Guard::start(*seconds, [&] { go_back(from, *before); });
        if (!started) return complain(started.error());
        guard = *started;
    }
    // Not before the guard is there: it would inherit the lock.
    const auto lock = moving_lock();
    if (!lock && guard) guard->dismiss();
    if (!lock) return complain(lock.error());
    if (auto moved = move_rules(from, Variant::Bpf); !moved) {
        if (guard) guard->dismiss();
        return complain(moved.error());
    }
    fmt::print("The rules of iptables-{} are in force in iptables-bpf.\n", name(from));
    if (seconds) fmt::print("They go back in {} seconds unless you run: xtbpf migrate --confirm-now\n", *seconds);
    return kDone;
}

int back(Variant to) {
    const auto lock = moving_lock();
    if (!lock) return complain(lock.error());
    (void)confirm(); // whoever waits to undo the migration needn't: this does
    const auto ours = save(Variant::Bpf);
    if (!ours) return complain(ours.error());
    if (idle(*ours)) return complain({ErrorKind::Refused, "iptables-bpf has no rules to move"});
    if (auto moved = move_rules(Variant::Bpf, to); !moved) return complain(moved.error());
    fmt::print("The rules of iptables-bpf are in force in iptables-{}.\n", name(to));
    return kDone;
}

} // namespace

int run_migrate(const Arguments& arguments) {
    namespace options = boost::program_options;
    CommandLine line(
        "migrate [OPTION...]",
        "Moves the rules of iptables-legacy or iptables-nft, all tables, both families, with their counters, to\n"
        "iptables-bpf. The old ones go once the new ones are in force; connections live on.");
    line.options()("dry-run", "only say what would move and whether it can, and where each chain would run")(
        "confirm", options::value<unsigned>()->value_name("SECONDS"),
        "go back after SECONDS unless confirmed")("confirm-now", "what --confirm waits for")(
        "for", options::value<unsigned>()->value_name("SECONDS"),
        "first judge live traffic beside the kernel for so long; move only if both agree")(
        "back", "move the rules from iptables-bpf back")("from", options::value<std::string>()->value_name("VARIANT"),
                                                         "legacy or nft, if both have rules")(
        "to", options::value<std::string>()->value_name("VARIANT"), "with --back: legacy or nft");
    if (const auto code = line.parse(arguments)) return *code;
    const auto from = variant_named(line.get<std::string>("from"), "from"),
               to = variant_named(line.get<std::string>("to"), "to");
    if (!from) return line.misused(from.error().message);
    if (!to) return line.misused(to.error().message);
    if ((line.has("back") ? line.has("dry-run") || line.has("confirm") || line.has("for") || *from : to->has_value()) ||
        (line.has("confirm-now") && arguments.size() != 1))
        return line.misused("these options don't go together");
    if (line.get<unsigned>("confirm") == 0U) return line.misused("--confirm 0 leaves no time to confirm");
    if (line.get<unsigned>("for") == 0U) return line.misused("--for 0 would judge nothing");
    if (const auto code = refuse_unless_root()) return *code;
    if (line.has("confirm-now")) {
        if (auto confirmed = confirm(); !confirmed) return complain(confirmed.error());
        return kDone;
    }
    if (const auto seconds = line.get<unsigned>("for")) {
        const auto where = source(*from);
        if (!where) return complain(where.error());
        if (const auto can = movable(*where, Variant::Bpf); !can) return complain(can.error());
        const auto agreed = rehearse(*where, *seconds);
        if (!agreed) return complain(agreed.error());
        if (!*agreed) return complain({ErrorKind::Refused, "nothing was moved"});
    }
    // A connection that breaks, or an impatient hand, must not leave it half done.
    for (const int signal : {SIGHUP, SIGINT, SIGPIPE})
        std::signal(signal, SIG_IGN);
    if (line.has("back")) {
        const auto where = destination(*to);
        return where ? back(*where) : complain(where.error());
    }
    const auto where = source(*from);
    if (!where) return complain(where.error());
    return line.has("dry-run") ? show_plan(*where) : go(*where, line.get<unsigned>("confirm"));
}

} // namespace xtbpf::tool

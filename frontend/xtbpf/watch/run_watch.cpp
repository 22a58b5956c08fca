// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf watch: the service. It only helps: the rules are in force without it, and its death changes no verdict.
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/metrics.hpp"
#include "frontend/xtbpf/watch/event_loop.hpp"
#include "frontend/xtbpf/watch/follower.hpp"
#include "frontend/xtbpf/watch/keeper.hpp"
#include "frontend/xtbpf/watch/listening.hpp"
#include "frontend/xtbpf/watch/metrics_server.hpp"
#include "frontend/xtbpf/watch/notify.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <span>
#include <sys/signalfd.h>
#include <unistd.h>

namespace xtbpf::tool {

namespace {

constexpr std::chrono::milliseconds kAgain{10};

Result<Fd> stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    Fd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail(ErrorKind::Refused, fmt::format("can't wait for signals: {}", std::strerror(errno)));
    return fd;
}

std::string scrape(Detail detail) {
    const auto status = xtbpf::status();
    return status ? metrics(*status, conntrack_figures(), detail) : std::string("# trouble\n");
}

std::vector<anchor::Removal> removals(const Fd& events, anchor::RemovalReader& reader) {
    std::vector<anchor::Removal> all;
    for (auto datagram = next(events); !datagram.empty(); datagram = next(events))
        reader.read(datagram, all);
    return all;
}

struct Wanted {
    std::string where; // metrics; empty: none
    Detail detail = Detail::Policies;
    bool keep_rules = false;
};

Result<void> watch(const Wanted& wanted) {
    const auto choice = early::choice_from_environment();
    if (!choice) return std::unexpected(choice.error());
    EventLoop loop;
    const auto stop = stop_signals(), links = link_events(), rules = rule_events();
    for (const Result<Fd>* each : {&stop, &links, &rules})
        if (!*each) return std::unexpected(each->error());
    Follower follower(loop, *choice);
    loop.watch(stop->get(), [&] { loop.stop(); });
    loop.watch(links->get(), [&] {
        drain(*links);
        follower.devices_changed();
    });
    Keeper keeper;
    anchor::RemovalReader reader;
    const std::function<void(std::span<const anchor::Removal>)> keep = [&](std::span<const anchor::Removal> removed) {
        if (wanted.keep_rules && !keeper.look(removed, reader.generation()))
            loop.later(&keeper, kAgain, [&] { keep({}); });
    };
    loop.watch(rules->get(), [&] {
        keep(removals(*rules, reader));
        follower.rules_changed();
    });
    MetricsServer server;
    if (!wanted.where.empty()) {
        auto listening = MetricsServer::listen(wanted.where, [&wanted] { return scrape(wanted.detail); });
        if (!listening) return std::unexpected(listening.error());
        server = std::move(*listening);
        loop.watch(server.fd(), [&] { server.serve(); });
    }
    keep({});
    follower.begin();
    notify("READY=1");
    loop.run();
    notify("STOPPING=1");
    if (wanted.where.starts_with('/')) ::unlink(wanted.where.c_str());
    return {};
}

} // namespace

int run_watch(const Arguments& arguments) {
    CommandLine line("watch [OPTION...]", "The service: makes the early stage cover devices as they come (the rules "
                                          "filter them from their first packet,\n"
                                          "with or without it) and exports metrics. Runs until SIGTERM; its end "
                                          "changes no verdict. XTBPF_EARLY=off in the\n"
                                          "environment leaves the devices alone.");
    line.options()("listen,l", boost::program_options::value<std::string>()->value_name("WHERE"),
                   "metrics over HTTP: a socket's path, 127.0.0.1:PORT or [::1]:PORT")("rules",
                                                                                       "metrics of every rule, too")(
        "keep-rules", "put back, with their counters, rules that somebody else removes from nf_tables,\n"
                      "as `nft flush ruleset' does; not what iptables or xtbpf itself takes away");
    if (const auto code = line.parse(arguments)) return *code;
    const auto watched = watch({.where = line.text("listen"),
                                .detail = line.has("rules") ? Detail::Rules : Detail::Policies,
                                .keep_rules = line.has("keep-rules")});
    return watched ? kDone : complain(watched.error());
}

} // namespace xtbpf::tool

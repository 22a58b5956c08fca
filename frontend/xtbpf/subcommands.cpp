// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/version.hpp"
#include "frontend/xtbpf/subcommand.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace xtbpf::tool {

namespace {

constexpr std::array kSubcommands{
    Subcommand{"status", "where the rules run and why, on which devices, at what cost of memory", run_status},
    Subcommand{"explain", "a packet's way through the rules, and which rule decides", run_explain},
    Subcommand{"verify", "do the loaded programs do what the rules say?", run_verify},
    Subcommand{"trace", "what becomes of packets that come by, rule by rule", run_trace},
    Subcommand{"top", "rules by what they count at the moment, live", run_top},
    Subcommand{"migrate", "move the rules of iptables-legacy or iptables-nft here, or back", run_migrate},
    Subcommand{"metrics", "counters and sizes as Prometheus text", run_metrics},
    Subcommand{"watch", "the service: follows devices, exports metrics", run_watch},
};

std::string usage() {
    std::string text = "usage: xtbpf COMMAND [OPTION...]\n\n";
    for (const Subcommand& each : kSubcommands)
        text += fmt::format("  {:<9} {}\n", each.name, each.summary);
    return text + "\n`xtbpf COMMAND --help' tells of a command's options.\n";
}

// What was asked for and couldn't be written was not told: a full disk, say.
int written(int code) {
    const bool flushed = std::fflush(stdout) == 0;
    if (flushed && std::ferror(stdout) == 0) return code;
    if (!flushed && errno != EPIPE) fmt::print(stderr, "xtbpf: write: {}\n", std::strerror(errno));
    return code == kDone ? kFailed : code;
}

} // namespace

int complain(const Error& error) {
    fmt::print(stderr, "xtbpf: {}\n", error.message);
    return error.kind == ErrorKind::BadParameter ? kUsage : kFailed;
}

std::optional<int> refuse_unless_root() {
    if (::geteuid() == 0) return std::nullopt;
    return complain({ErrorKind::Denied, "Permission denied (you must be root)"});
}

int run_tool(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    if (name == "--help" || name == "-h" || name == "help") {
        fmt::print("{}", usage());
        return written(kDone);
    }
    if (name == "--version" || name == "-V") {
        fmt::print("xtbpf v{}\n", kVariantVersion);
        return written(kDone);
    }
    const auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
    if (found == kSubcommands.end()) {
        if (!name.empty()) fmt::print(stderr, "xtbpf: there is no command `{}'\n", name);
        fmt::print(stderr, "{}", usage());
        return kUsage;
    }
    return written(found->run(Arguments(argv + 2, argv + argc)));
}

} // namespace xtbpf::tool

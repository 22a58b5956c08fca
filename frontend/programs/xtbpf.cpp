// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf: the tool for what iptables has no word for.
#include "datapath/status.hpp"

#include <boost/program_options.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace {

namespace options = boost::program_options;

constexpr int kUsage = 2;

int run_status(const options::variables_map& chosen) {
    const xtbpf::Result<xtbpf::Status> status = xtbpf::status();
    if (!status) {
        fmt::print(stderr, "xtbpf: {}\n", status.error().message);
        return xtbpf::exit_code(status.error().kind);
    }
    fmt::print("{}", chosen.contains("json") ? xtbpf::json(*status) : xtbpf::text(*status));
    return 0;
}

void print_usage(std::FILE* to, const options::options_description& visible) {
    std::string text;
    for (const auto& option : visible.options())
        text += fmt::format("  {:<12} {}\n", option->format_name(), option->description());
    fmt::print(to,
               "usage: xtbpf COMMAND [OPTION...]\n\n"
               "  status       the tables in force in this network namespace and the programs that run them\n\n{}",
               text);
}

int run(int argc, char** argv) {
    options::options_description visible("options");
    visible.add_options()("json", "JSON instead of text")("help,h", "this text");
    options::options_description all;
    all.add(visible).add_options()("command", options::value<std::string>(), "");
    options::positional_options_description order;
    order.add("command", 1);
    options::variables_map chosen;
    options::store(options::command_line_parser(argc, argv).options(all).positional(order).run(), chosen);
    if (chosen.contains("help")) {
        print_usage(stdout, visible);
        return 0;
    }
    if (!chosen.contains("command") || chosen["command"].as<std::string>() != "status") {
        print_usage(stderr, visible);
        return kUsage;
    }
    return run_status(chosen);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const options::error& error) {
        fmt::print(stderr, "xtbpf: {}\n", error.what());
        return kUsage;
    }
}

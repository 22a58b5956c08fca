// SPDX-License-Identifier: GPL-2.0-or-later
// The subcommands of xtbpf: one file each, and one line in subcommands.cpp.
#pragma once

#include "translator/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::tool {

using Arguments = std::vector<std::string>; // behind the subcommand's name

// Exit codes: 0 done, 1 it can't be done (or, of a question, the answer is no), 2 the command line is wrong.
inline constexpr int kDone = 0, kFailed = 1, kUsage = 2;

struct Subcommand {
    std::string_view name, summary;
    int (*run)(const Arguments& arguments);
};

int run_explain(const Arguments& arguments);
int run_metrics(const Arguments& arguments);
int run_migrate(const Arguments& arguments);
int run_status(const Arguments& arguments);
int run_top(const Arguments& arguments);
int run_trace(const Arguments& arguments);
int run_verify(const Arguments& arguments);
int run_watch(const Arguments& arguments);

// "xtbpf: MESSAGE" on stderr; the exit code that belongs to the error's kind.
int complain(const Error& error);

// Has who isn't root complained of; then the exit code. For what first asks iptables-legacy and iptables-nft, whose words for it
// are others.
std::optional<int> refuse_unless_root();

// The whole program.
int run_tool(int argc, char** argv);

} // namespace xtbpf::tool

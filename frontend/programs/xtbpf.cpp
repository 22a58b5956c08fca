// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf: the tool for what iptables has no word for.
#include "frontend/xtbpf/subcommand.hpp"

int main(int argc, char** argv) { return xtbpf::tool::run_tool(argc, argv); }

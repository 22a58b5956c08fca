// SPDX-License-Identifier: GPL-2.0-or-later
// xtables-bpf-multi: all applets in one program, chosen by its name or by its first argument.
#include "datapath/backend.hpp"
#include "frontend/applet.hpp"
#include "frontend/lower.hpp"

#include <cstdio>
#include <span>
#include <utility>
#include <vector>

int main(int argc, char** argv) {
    using namespace xtbpf;
    std::vector<std::string_view> args(argv, argv + argc);
    auto rest = std::span(args).subspan(argc > 0 ? 1 : 0);
    auto applet = argc > 0 ? applet_by_name(args[0]) : std::nullopt;
    if (!applet && !rest.empty()) {
        applet = applet_by_name(rest[0]);
        rest = rest.subspan(1);
    }
    if (!applet) {
        std::fputs("ERROR: No valid subcommand given.\nValid subcommands:\n", stderr);
        for (const char* family : {"iptables", "ip6tables"})
            for (const char* kind : {"", "-save", "-restore"})
                std::fprintf(stderr, " * %s%s\n", family, kind);
        return 1;
    }
    const auto backend = make_kernel_backend(lower_table);
    return run_applet(*applet, rest, *backend, {stdin, stdout, stderr});
}

// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf metrics
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/metrics.hpp"

#include <fmt/format.h>

namespace xtbpf::tool {

int run_metrics(const Arguments& arguments) {
    CommandLine line(
        "metrics [OPTION...]",
        "Rules, chains, policies, stages and connection tracking of this network namespace in Prometheus' text\n"
        "format. `xtbpf watch --listen' exports the same.");
    line.options()("rules", "the counters of every rule, too");
    if (const auto code = line.parse(arguments)) return *code;
    const Result<Status> status = xtbpf::status();
    if (!status) return complain(status.error());
    fmt::print("{}", metrics(*status, conntrack_figures(), line.has("rules") ? Detail::Rules : Detail::Policies));
    return kDone;
}

} // namespace xtbpf::tool

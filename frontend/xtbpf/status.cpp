// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf status
#include "datapath/early_stage.hpp"
#include "frontend/lower.hpp"
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/report.hpp"
#include "translator/knowable.hpp"

#include <fmt/format.h>

namespace xtbpf::tool {

Report report(Status status) {
    Report out{std::move(status), {}};
    out.placements.resize(out.status.tables.size());
    for (const Family family : {Family::V4, Family::V6}) {
        std::vector<ir::Table> tables, shortened;
        std::vector<std::size_t> places; // of each in the status
        for (std::size_t at = 0; at < out.status.tables.size(); ++at) {
            const TableStatus& table = out.status.tables[at];
            if (table.family != family || !table.trouble.empty()) continue;
            auto linked = link(table.rules);
            if (!linked) continue;
            std::size_t rules = 0;
            for (const ir::Chain& chain : linked->program.chains)
                rules += chain.rules.size();
            tables.push_back(std::move(linked->program));
            shortened.push_back(rules > early::kMostRules ? deferring(tables.back()) : tables.back());
            places.push_back(at);
        }
        for (std::size_t at = 0; at < tables.size(); ++at)
            out.placements[places[at]] = placements(tables, shortened, at);
    }
    return out;
}

int run_status(const Arguments& arguments) {
    CommandLine line(
        "status [OPTION...]",
        "The tables in force in this network namespace: where each chain runs and why not earlier, what is\n"
        "handed to the kernel, the programs, the devices of the early stage, and the memory all this takes.");
    line.options()("json", "JSON instead of text");
    if (const auto code = line.parse(arguments)) return *code;
    Result<Status> status = xtbpf::status();
    if (!status) return complain(status.error());
    const Report told = report(std::move(*status));
    fmt::print("{}", line.has("json") ? json(told) : text(told));
    return kDone;
}

} // namespace xtbpf::tool

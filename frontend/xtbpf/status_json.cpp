// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/report.hpp"

namespace xtbpf::tool {

namespace {

Json json(const ProgramStatus& program) {
    return {{"place", name(program.place)},
            {"name", program.name},
            {"id", program.id},
            {"instructions", program.instructions},
            {"memory", program.memory}};
}

Json json(const Placement& placement, bool program) {
    return {{"chain", name(placement.hook)},
            {"rules", placement.rules},
            {"program", program},
            {"early", placement.early},
            {"late_because", placement.late},
            {"left_to_hook", placement.left},
            {"asked_of_kernel", placement.matches},
            {"done_by_kernel", placement.effects}};
}

Json json(const TableStatus& table, const std::vector<Placement>& placements) {
    std::size_t rules = 0;
    for (const StoredChain& chain : table.rules.chains)
        rules += chain.rules.size();
    Json programs = Json::array(), places = Json::array();
    for (const ProgramStatus& program : table.programs)
        programs.push_back(json(program));
    for (const Placement& placement : placements)
        places.push_back(json(placement, (table.programless & hook_bit(placement.hook)) == 0));
    return {{"family", name(table.family)},
            {"table", name(table.table)},
            {"chains", table.rules.chains.size()},
            {"rules", rules},
            {"store", table.store},
            {"memory", table.memory},
            {"conntrack", table.conntrack},
            {"whole", table.whole},
            {"trouble", table.trouble},
            {"placements", std::move(places)},
            {"programs", std::move(programs)}};
}

Json json(const DeviceStatus& device) {
    return {{"device", device.device}, {"place", device.place},     {"active", device.active},
            {"reason", device.reason}, {"program", device.program}, {"memory", device.memory}};
}

} // namespace

std::string json(const Report& report) {
    Json tables = Json::array(), devices = Json::array();
    for (std::size_t at = 0; at < report.status.tables.size(); ++at)
        tables.push_back(json(report.status.tables[at], report.placements[at]));
    for (const DeviceStatus& device : report.status.devices)
        devices.push_back(json(device));
    return line({{"tables", std::move(tables)}, {"devices", std::move(devices)}});
}

} // namespace xtbpf::tool

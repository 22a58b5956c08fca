// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/status.hpp"

#include "datapath/early_attach.hpp"
#include "datapath/fd.hpp"
#include "datapath/loaded_programs.hpp"
#include "datapath/store.hpp"
#include "kmod-shim/anchor.hpp"

#include <bpf/bpf.h>
#include <optional>
#include <utility>

namespace xtbpf {

namespace {

constexpr const char* kOrphaned =
    "programs of rules that are gone are still in force (did somebody delete table iptables-bpf of nf_tables?); any "
    "command that changes this table, as -F does, takes them away";

std::optional<Place> place_of(std::uint32_t program_type) {
    switch (program_type) {
    case BPF_PROG_TYPE_SOCKET_FILTER: return Place::Netfilter;
    case BPF_PROG_TYPE_SCHED_CLS: return Place::Tc;
    case BPF_PROG_TYPE_XDP: return Place::Xdp;
    default: return std::nullopt;
    }
}

TableStatus describe(CurrentStore store, const std::vector<LoadedProgram>& programs) {
    TableStatus out{.family = store.table.family,
                    .table = store.table.id,
                    .store = map_id(store.map.get()),
                    .memory = kernel_memory(store.map.get()) + kernel_memory(store.holder.get()),
                    .conntrack = store.conntrack,
                    .whole = store.whole,
                    .trouble = "",
                    .programless = store.programless,
                    .programs = {},
                    .rules = {}};
    for (const int fd : store.counters.fds())
        out.memory += kernel_memory(fd);
    for (const int fd : store.limits.fds())
        out.memory += kernel_memory(fd);
    for (const LoadedProgram* program : programs_of(store, programs))
        if (const auto place = place_of(program->type))
            out.programs.push_back({*place, program->id, program->name, program->instructions, program->memory});
    out.rules = std::move(store.table);
    return out;
}

} // namespace

std::string_view name(Place place) {
    switch (place) {
    case Place::Netfilter: return "netfilter";
    case Place::Tc: return "tc";
    case Place::Xdp: return "xdp";
    }
    return "";
}

Result<Status> status() {
    Status out;
    const std::vector<LoadedProgram> programs = loaded_programs();
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables) {
            auto store = read_store(family, table);
            if (!store && store.error().kind == ErrorKind::Denied) return std::unexpected(store.error());
            if (!store)
                out.tables.push_back(
                    {.family = family, .table = table, .trouble = store.error().message, .programs = {}, .rules = {}});
            else if (*store)
                out.tables.push_back(describe(std::move(**store), programs));
            else if (const auto orphaned = anchor::orphaned(family, table); orphaned && *orphaned)
                out.tables.push_back(
                    {.family = family, .table = table, .trouble = kOrphaned, .programs = {}, .rules = {}});
        }
    auto coverage = early::coverage();
    if (!coverage) return std::unexpected(coverage.error());
    for (early::Coverage& device : *coverage) {
        const Fd program(device.program == 0 ? -1 : bpf_prog_get_fd_by_id(device.program));
        out.devices.push_back({std::move(device.device), std::string(early::name(device.place)), device.active,
                               std::move(device.reason), device.program, program ? kernel_memory(program.get()) : 0});
    }
    return out;
}

} // namespace xtbpf

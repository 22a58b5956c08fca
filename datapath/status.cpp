// SPDX-License-Identifier: GPL-2.0-or-later
// A table's programs are found by what they count in: every program that uses one of the table's counter pages is one
// of its programs. So this needs no list of them anywhere, and tells the truth even about what was left behind.
#include "datapath/status.hpp"

#include "datapath/early_attach.hpp"
#include "datapath/fd.hpp"
#include "datapath/store.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace xtbpf {

namespace {

std::uint32_t map_id(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

std::optional<Place> place_of(std::uint32_t program_type) {
    switch (program_type) {
    case BPF_PROG_TYPE_SOCKET_FILTER: return Place::Netfilter;
    case BPF_PROG_TYPE_SCHED_CLS: return Place::Tc;
    case BPF_PROG_TYPE_XDP: return Place::Xdp;
    default: return std::nullopt;
    }
}

// What the kernel charges for a program or map (kernel/bpf/syscall.c, bpf_map_show_fdinfo); 0 if it doesn't tell.
std::uint64_t memory_of(int fd) {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    for (std::string word; info >> word;)
        if (word == "memlock:") {
            std::uint64_t bytes = 0;
            info >> bytes;
            return bytes;
        }
    return 0;
}

struct LoadedProgram {
    ProgramStatus status;
    std::vector<std::uint32_t> maps;
};

std::optional<LoadedProgram> ask(std::uint32_t id) {
    const Fd fd(bpf_prog_get_fd_by_id(id));
    if (!fd) return std::nullopt; // gone meanwhile
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return std::nullopt;
    const std::optional<Place> place = place_of(info.type);
    if (!place || info.nr_map_ids == 0) return std::nullopt;
    LoadedProgram out{.status = {.place = *place,
                                 .id = info.id,
                                 .name = info.name,
                                 .instructions = info.xlated_prog_len / 8,
                                 .memory = memory_of(fd.get()) + info.jited_prog_len},
                      .maps = std::vector<std::uint32_t>(info.nr_map_ids)};
    info = {};
    info.nr_map_ids = static_cast<std::uint32_t>(out.maps.size());
    info.map_ids = reinterpret_cast<std::uint64_t>(out.maps.data());
    size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return std::nullopt;
    return out;
}

std::vector<LoadedProgram> loaded_programs() {
    std::vector<LoadedProgram> out;
    for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;)
        if (auto program = ask(id)) out.push_back(std::move(*program));
    return out;
}

TableStatus describe(CurrentStore store, const std::vector<LoadedProgram>& programs) {
    TableStatus out{.family = store.table.family,
                    .table = store.table.id,
                    .store = map_id(store.map.get()),
                    .memory = memory_of(store.map.get()) + memory_of(store.holder.get()),
                    .conntrack = store.conntrack,
                    .whole = store.whole,
                    .trouble = "",
                    .programs = {},
                    .rules = {}};
    std::vector<std::uint32_t> pages;
    for (const int fd : store.counters.fds()) {
        pages.push_back(map_id(fd));
        out.memory += memory_of(fd);
    }
    for (const int fd : store.limits.fds())
        out.memory += memory_of(fd);
    for (const LoadedProgram& program : programs) {
        if (program.status.name == "xt_holder" || // it never runs
            std::ranges::find_first_of(program.maps, pages) == program.maps.end())
            continue;
        out.programs.push_back(program.status);
    }
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
        }
    auto coverage = early::coverage();
    if (!coverage) return std::unexpected(coverage.error());
    for (early::Coverage& device : *coverage) {
        const Fd program(device.program == 0 ? -1 : bpf_prog_get_fd_by_id(device.program));
        out.devices.push_back({std::move(device.device), std::string(early::name(device.place)), device.active,
                               std::move(device.reason), device.program, program ? memory_of(program.get()) : 0});
    }
    return out;
}

} // namespace xtbpf

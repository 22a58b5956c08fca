// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/loaded_programs.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <fstream>
#include <optional>
#include <utility>

namespace xtbpf {

namespace {

std::optional<LoadedProgram> ask(std::uint32_t id) {
    const Fd fd(bpf_prog_get_fd_by_id(id));
    if (!fd) return std::nullopt; // gone meanwhile
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 || info.nr_map_ids == 0) return std::nullopt;
    LoadedProgram out{.type = info.type,
                      .id = info.id,
                      .name = info.name,
                      .instructions = info.xlated_prog_len / 8,
                      .memory = kernel_memory(fd.get()) + info.jited_prog_len,
                      .maps = std::vector<std::uint32_t>(info.nr_map_ids)};
    info = {};
    info.nr_map_ids = static_cast<std::uint32_t>(out.maps.size());
    info.map_ids = reinterpret_cast<std::uint64_t>(out.maps.data());
    size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return std::nullopt;
    return out;
}

// As in exact.bpf.c.
std::string program_name(Hook hook) {
    std::string out = "xt_";
    for (const char c : name(hook))
        out += static_cast<char>(c - 'A' + 'a');
    return out;
}

} // namespace

std::uint32_t map_id(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

// bpf_map_show_fdinfo, bpf_prog_show_fdinfo (kernel/bpf/syscall.c)
std::uint64_t kernel_memory(int fd) {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    for (std::string word; info >> word;)
        if (word == "memlock:") {
            std::uint64_t bytes = 0;
            info >> bytes;
            return bytes;
        }
    return 0;
}

std::vector<LoadedProgram> loaded_programs() {
    std::vector<LoadedProgram> out;
    for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;)
        if (auto program = ask(id)) out.push_back(std::move(*program));
    return out;
}

std::vector<const LoadedProgram*> programs_of(const CurrentStore& store, const std::vector<LoadedProgram>& programs) {
    std::vector<std::uint32_t> pages;
    for (const int fd : store.counters.fds())
        pages.push_back(map_id(fd));
    std::vector<const LoadedProgram*> out;
    for (const LoadedProgram& program : programs)
        if (program.name != "xt_holder" && std::ranges::find_first_of(program.maps, pages) != program.maps.end())
            out.push_back(&program);
    return out;
}

std::vector<HookProgram> hook_programs(const CurrentStore& store) {
    const std::vector<LoadedProgram> loaded = loaded_programs();
    const auto own = programs_of(store, loaded);
    std::vector<HookProgram> out;
    for (const Hook hook : hooks_of(store.table.id)) {
        std::uint32_t youngest = 0;
        for (const LoadedProgram* program : own)
            if (program->type == BPF_PROG_TYPE_SOCKET_FILTER && program->name == program_name(hook))
                youngest = std::max(youngest, program->id);
        if (youngest == 0) continue;
        Fd program(bpf_prog_get_fd_by_id(youngest));
        if (program) out.push_back({hook, youngest, std::move(program)});
    }
    return out;
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_program.hpp"

#include <array>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

namespace xtbpf::early {

namespace {

constexpr std::uint32_t kMostMaps = 64;

Fd open_switch(int program_fd) {
    std::array<std::uint32_t, kMostMaps> ids{};
    bpf_prog_info info{};
    info.nr_map_ids = kMostMaps;
    info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(program_fd, &info, &size) != 0) return Fd{};
    for (std::uint32_t i = 0; i < info.nr_map_ids && i < kMostMaps; ++i) {
        Fd map(bpf_map_get_fd_by_id(ids[i]));
        bpf_map_info about{};
        size = sizeof about;
        if (map && bpf_obj_get_info_by_fd(map.get(), &about, &size) == 0 && std::string_view(about.name) == kSwitchMap)
            return map;
    }
    return Fd{};
}

std::unexpected<Error> no_switch() {
    return fail(ErrorKind::Refused,
                fmt::format("can't reach the switch of an early program: {}", std::strerror(errno)));
}

} // namespace

Fd open_ours(std::uint32_t id) {
    Fd program(bpf_prog_get_fd_by_id(id));
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (!program || bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) return Fd{};
    const std::string_view name = info.name;
    return name == kXdpProgram || name == kTcProgram ? std::move(program) : Fd{};
}

Result<void> set_switch(int program_fd, bool on) {
    const Fd map = open_switch(program_fd);
    const std::uint32_t key = 0, value = on ? 1 : 0;
    if (!map || bpf_map_update_elem(map.get(), &key, &value, BPF_ANY) != 0) return no_switch();
    return {};
}

Result<bool> read_switch(int program_fd) {
    const Fd map = open_switch(program_fd);
    std::uint32_t key = 0, value = 0;
    if (!map || bpf_map_lookup_elem(map.get(), &key, &value) != 0) return no_switch();
    return value != 0;
}

} // namespace xtbpf::early

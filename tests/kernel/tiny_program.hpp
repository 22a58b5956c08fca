// SPDX-License-Identifier: GPL-2.0-or-later
// SOCKET_FILTER programs of a few instructions, to stand in for the generated ones.
#pragma once

#include "datapath/fd.hpp"

#include <bpf/bpf.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <linux/bpf.h>
#include <span>
#include <thread>

namespace xtbpf::testing {

inline Fd load_program(std::span<const bpf_insn> code) {
    return Fd(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "xt_test", "GPL", code.data(), code.size(), nullptr));
}

constexpr bpf_insn move(std::uint8_t reg, std::int32_t value) {
    bpf_insn instruction{};
    instruction.code = BPF_ALU64 | BPF_MOV | BPF_K;
    instruction.dst_reg = reg & 15;
    instruction.imm = value;
    return instruction;
}
constexpr bpf_insn exit_program() { return {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}; }

// Always returns `verdict`.
inline Fd constant_program(std::int32_t verdict) {
    const bpf_insn code[] = {move(BPF_REG_0, verdict), exit_program()};
    return load_program(code);
}

// A map of one u64, for counting_program.
inline Fd counting_map() { return Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "xt_test", 4, 8, 1, nullptr)); }

// Adds one to the map's number and returns `verdict`.
inline Fd counting_program(const Fd& map, std::int32_t verdict) {
    const bpf_insn code[] = {
        {BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map.get()},
        {0, 0, 0, 0, 0}, // offset in the value
        move(BPF_REG_2, 1),
        {BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_1, BPF_REG_2, 0, BPF_ADD},
        move(BPF_REG_0, verdict),
        exit_program(),
    };
    return load_program(code);
}

// Returns 1 for UDP over IPv4.
inline Fd udp_program() {
    const bpf_insn code[] = {
        {BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0}, // LD_ABS wants the context there
        {BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, 9},
        {BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 17},
        move(BPF_REG_0, 0),
        exit_program(),
        move(BPF_REG_0, 1),
        exit_program(),
    };
    return load_program(code);
}

inline std::uint64_t count_in(const Fd& map) {
    const std::uint32_t key = 0;
    std::uint64_t value = 0;
    bpf_map_lookup_elem(map.get(), &key, &value);
    return value;
}

inline std::uint32_t program_id(const Fd& program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0 ? info.id : 0;
}

// The kernel frees programs and maps a little after the last user is gone: waits up to two seconds until `gone()`.
template <typename Gone> bool soon(Gone gone) {
    for (int i = 0; i < 200; ++i) {
        if (gone()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

inline bool program_exists(std::uint32_t id) { return static_cast<bool>(Fd(bpf_prog_get_fd_by_id(id))); }
inline bool map_exists(std::uint32_t id) { return static_cast<bool>(Fd(bpf_map_get_fd_by_id(id))); }

} // namespace xtbpf::testing

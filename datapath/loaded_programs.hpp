// SPDX-License-Identifier: GPL-2.0-or-later
// The loaded programs of a table. They are found by what they count in: every program that uses one of the table's counter
// pages is one of its programs. So this needs no list of them anywhere, and tells the truth even about what was left behind.
#pragma once

#include "datapath/fd.hpp"
#include "datapath/store.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xtbpf {

struct LoadedProgram {
    std::uint32_t type = 0; // BPF_PROG_TYPE_*
    std::uint32_t id = 0;
    std::string name;
    std::uint32_t instructions = 0; // after the verifier's rewriting (xlated)
    std::uint64_t memory = 0;       // bytes, machine code included
    std::vector<std::uint32_t> maps;
};

// All programs in the kernel that use a map, of every network namespace.
std::vector<LoadedProgram> loaded_programs();

// Those of the table, without the holder, which never runs.
std::vector<const LoadedProgram*> programs_of(const CurrentStore& store, const std::vector<LoadedProgram>& programs);

struct HookProgram {
    Hook hook;
    std::uint32_t id;
    Fd program;
};

// The program that each hook of the table calls first, in hook order; the youngest, if an older generation is still there.
std::vector<HookProgram> hook_programs(const CurrentStore& store);

std::uint32_t map_id(int fd);
std::uint64_t kernel_memory(int fd); // of a program or map: what the kernel charges for it; 0 if it doesn't tell

} // namespace xtbpf

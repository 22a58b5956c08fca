// SPDX-License-Identifier: GPL-2.0-or-later
// A BPF object as libbpf has fitted it to the running kernel: its instructions relocated (CO-RE, kernel functions), references to
// maps still by number. To fit one takes libbpf tens of milliseconds, as it searches all the kernel's types; so what
// came of it is kept, for later commands in the kernel (fitted_objects.hpp).
#pragma once

#include "datapath/kernel_info.hpp"
#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <linux/bpf.h>
#include <span>
#include <string>
#include <vector>

namespace xtbpf {

struct FittedMap {
    std::string name; // "xt_image"; of constants: the object's and ".rodata"
    std::uint32_t type = 0, key_size = 0, value_size = 0, max_entries = 0, flags = 0;
    std::vector<FittedMap> inner{};      // of a map of maps: one, what its maps are like
    std::vector<std::uint8_t> initial{}; // constants; else empty
};

// An instruction that refers to a map (src_reg BPF_PSEUDO_MAP_FD or BPF_PSEUDO_MAP_VALUE) has its index in FittedObject::maps as imm.
struct FittedFunction {
    std::string name;
    std::uint32_t type = 0; // BTF FUNC
    std::vector<bpf_insn> insns;
    std::vector<codegen::Call> calls; // of other functions, also where their address is taken; imm is 0 there
};

struct FittedProgram {
    std::string name; // of its first function, too
    std::uint32_t type = 0;
};

struct FittedObject {
    std::string name;
    std::vector<FittedMap> maps;
    std::vector<FittedProgram> programs;
    std::vector<FittedFunction> functions; // of all programs, each once
    std::vector<std::uint8_t> types;       // BTF
    KernelTypes kernel;
    std::vector<std::uint32_t>
        modules; // BTF ids of kernel modules; kernel functions in them have their index here + 1 as offset
};

// `elf` is the object file, `name` how its maps and messages are called. Refused with what libbpf said.
Result<FittedObject> fit(std::span<const std::uint8_t> elf, const char* name);

// In host order, for this kernel.
std::vector<std::uint8_t> serialize(FittedObject& object);
Result<FittedObject> parse_fitted(std::span<const std::uint8_t> bytes); // trailing bytes are ignored

} // namespace xtbpf

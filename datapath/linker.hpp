// SPDX-License-Identifier: GPL-2.0-or-later
// Puts generated functions into a program of an embedded BPF object: they take the place of the object's functions
// of the same name, runtime functions that nothing calls are left out (the verifier refuses unreachable code).
#pragma once

#include "datapath/fitted_object.hpp"
#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <bpf/btf.h>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xtbpf {

// A BPF program as the kernel takes it: instructions with all calls resolved, and one bpf_func_info per function.
struct Image {
    std::vector<bpf_insn> insns;
    std::vector<bpf_func_info> functions;
};

// Whether an instruction (the first of two) loads a map, or an address in one.
constexpr bool names_map(const bpf_insn& insn) {
    return insn.code == (BPF_LD | BPF_IMM | BPF_DW) &&
           (insn.src_reg == BPF_PSEUDO_MAP_FD || insn.src_reg == BPF_PSEUDO_MAP_VALUE);
}

// The functions of a program as libbpf has linked it, entry first: callees are named, not located.
Result<std::vector<FittedFunction>> take_apart(std::span<const bpf_insn> insns,
                                               std::span<const bpf_func_info> functions, const btf* types);

// What function `entry` reaches. Generated functions take the place of those of the same name; `types` must hold a BTF FUNC of each
// one's name.
Result<Image> link(const std::string& entry, std::span<const FittedFunction> functions, const btf* types,
                   std::span<const codegen::Program* const> generated);

// Adds BTF FUNCs, of the prototype of `like`, for those generated functions that have none; call between open and load.
Result<void> declare(btf* types, const char* like, const codegen::Program& generated);

} // namespace xtbpf

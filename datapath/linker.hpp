// SPDX-License-Identifier: GPL-2.0-or-later
// Puts generated functions into a program of an embedded BPF object: they take the place of the object's placeholder
// function, runtime functions that nothing calls are left out (the verifier refuses unreachable code).
#pragma once

#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace xtbpf {

// A BPF program as the kernel takes it: instructions with all calls resolved, and one bpf_func_info per function.
struct Image {
    std::vector<bpf_insn> insns;
    std::vector<bpf_func_info> functions;
};

// `insns` and `functions` are a program as libbpf has linked it, entry first. `placeholders` maps the name of each
// placeholder to the generated program that replaces it; `types` must hold a BTF FUNC of every generated function's name.
Result<Image> link(std::span<const bpf_insn> insns, std::span<const bpf_func_info> functions, const btf* types,
                   const std::map<std::string, const codegen::Program*>& placeholders);

// Adds BTF FUNCs, of the placeholder's prototype, for the generated functions; call between open and load.
Result<void> declare(btf* types, const std::string& placeholder, const codegen::Program& program);

} // namespace xtbpf

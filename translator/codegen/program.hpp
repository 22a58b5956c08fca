// SPDX-License-Identifier: GPL-2.0-or-later
// Generated code: relocatable BPF functions. The datapath links them with the functions of the embedded BPF C object.
//
// Every generated function is a global BPF function `int f(ctx, struct xt_view *v)` that returns enum xt_verdict. The kernel
// verifies a global function once and by itself, knowing nothing of what `v` holds: so its size, not the number of ways
// through the program, decides what verification costs.
#pragma once

#include <cstdint>
#include <linux/bpf.h>
#include <string>
#include <vector>

namespace xtbpf::codegen {

// A call whose target the linker fills in: `insn` is a BPF_PSEUDO_CALL, `function` a generated function or one of the BPF C
// runtime functions (datapath/bpf/runtime.h).
struct Call {
    std::size_t insn;
    std::string function;
};

struct Function {
    std::string name;
    std::vector<bpf_insn> insns;
    std::vector<Call> calls;
};

struct Program {
    std::vector<Function> functions; // one bears the entry's name
    bool deep = false;               // chains nest too deep for BPF calls: runs under rt_deep
    std::size_t instructions() const {
        std::size_t total = 0;
        for (const Function& function : functions)
            total += function.insns.size();
        return total;
    }
};

} // namespace xtbpf::codegen

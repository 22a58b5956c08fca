// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/kernel_info_of.hpp"
#include "translator/native_match.hpp"

#include <algorithm>
#include <iterator>
#include <linux/netfilter/xt_bpf.h>
#include <span>

namespace xtbpf {

namespace {

constexpr std::uint32_t kMostNegative = 0x80000000; // offsets from there on are the kernel's own data (SKF_AD_OFF)

bool load_is_known(const sock_filter& insn) {
    const bool index = BPF_CLASS(insn.code) == BPF_LDX;
    switch (BPF_MODE(insn.code)) {
    case BPF_IMM:
    case BPF_LEN: return true;
    case BPF_ABS: return !index && insn.k < kMostNegative;
    case BPF_IND: return !index;
    case BPF_MSH: return index && insn.k < kMostNegative;
    default: return false; // BPF_MEM: a function of the walk has no room for it
    }
}

// Instruction `at` of `count`: with all its jumps within the program, as bpf_check_classic has it.
bool is_known(const sock_filter& insn, std::size_t at, std::size_t count) {
    const std::size_t left = count - at - 1;
    switch (BPF_CLASS(insn.code)) {
    case BPF_LD:
    case BPF_LDX: return left > 0 && load_is_known(insn);
    case BPF_ALU: return left > 0;
    case BPF_MISC: return left > 0;
    case BPF_RET: return true;
    case BPF_JMP: return BPF_OP(insn.code) == BPF_JA ? insn.k < left : insn.jt < left && insn.jf < left;
    default: return false;
    }
}

} // namespace

std::optional<NativeMatch> native_classic_bpf(const ir::KernelMatch& match) {
    const auto info = info_of<xt_bpf_info_v1>(match);
    if (info.mode != XT_BPF_MODE_BYTECODE) return std::nullopt;
    const std::span code(info.bpf_program,
                         std::min<std::size_t>(info.bpf_program_num_elem, std::size(info.bpf_program)));
    for (std::size_t at = 0; at < code.size(); ++at)
        if (!is_known(code[at], at, code.size())) return std::nullopt;
    if (code.empty()) return std::nullopt;
    NativeMatch native;
    native.classic.assign(code.begin(), code.end());
    return native;
}

} // namespace xtbpf

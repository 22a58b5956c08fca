// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/bytecode.hpp"

#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_bpf.h>

namespace xtbpf {

namespace {

std::unexpected<Error> bad(std::string_view what) {
    return fail(ErrorKind::BadParameter, fmt::format("bpf: {}", what));
}

// chk_code_allowed
bool known(std::uint16_t code) {
    switch (code) {
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_MOD | BPF_K:
    case BPF_ALU | BPF_MOD | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
    case BPF_LD | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_B | BPF_MSH:
    case BPF_LDX | BPF_IMM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X: return true;
    default: return false;
    }
}

bool is_memory(std::uint16_t code) {
    return code == BPF_ST || code == BPF_STX || code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM);
}

// What depends on one instruction alone.
bool operands_are_valid(const sock_filter& insn, std::size_t left) { // `left`: instructions behind this one
    const std::uint16_t kind = BPF_CLASS(insn.code);
    if (kind == BPF_ALU && BPF_SRC(insn.code) == BPF_K) {
        const std::uint16_t operation = BPF_OP(insn.code);
        if ((operation == BPF_DIV || operation == BPF_MOD) && insn.k == 0) return false;
        if ((operation == BPF_LSH || operation == BPF_RSH) && insn.k >= 32) return false;
    }
    if (is_memory(insn.code)) return insn.k < BPF_MEMWORDS;
    if (insn.code == (BPF_JMP | BPF_JA)) return insn.k < left;
    if (kind == BPF_JMP) return insn.jt < left && insn.jf < left;
    const bool absolute = kind == BPF_LD && BPF_MODE(insn.code) == BPF_ABS;
    const auto ancillary = static_cast<std::uint32_t>(SKF_AD_OFF);
    // bpf_anc_helper: from SKF_AD_OFF on only what it knows
    return !absolute || insn.k < ancillary || (insn.k < ancillary + SKF_AD_MAX && (insn.k - ancillary) % 4 == 0);
}

// check_load_and_stores: no memory word is read that isn't written on every way to it
bool memory_is_written(std::span<const sock_filter> code) {
    std::vector<std::uint16_t> valid(code.size(), 0xFFFF); // words written on all ways to here
    std::uint16_t now = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
        const sock_filter& insn = code[at];
        now &= valid[at];
        const auto meet = [&](std::size_t target) { valid[target] &= now; };
        if (insn.code == BPF_ST || insn.code == BPF_STX) {
            now = static_cast<std::uint16_t>(now | 1U << insn.k);
        } else if (is_memory(insn.code)) {
            if (!(now & 1U << insn.k)) return false;
        } else if (insn.code == (BPF_JMP | BPF_JA)) {
            meet(at + 1 + insn.k);
            now = 0xFFFF;
        } else if (BPF_CLASS(insn.code) == BPF_JMP) {
            meet(at + 1 + insn.jt);
            meet(at + 1 + insn.jf);
            now = 0xFFFF;
        }
    }
    return true;
}

} // namespace

// bpf_parse_string, with sscanf as there: numbers too large for their place are cut
Result<std::vector<sock_filter>> parse_bytecode(std::string_view given) {
    const std::string text(given);
    unsigned short length = 0;
    char separator = 0;
    if (std::sscanf(text.c_str(), "%hu%c", &length, &separator) != 2 || separator != ',')
        return bad("error parsing program length");
    if (length == 0) return bad("illegal zero length program");
    if (length > XT_BPF_MAX_NUM_INSTR) return bad("number of instructions exceeds maximum");

    std::vector<sock_filter> code;
    for (std::size_t comma = text.find(','); comma != text.npos && comma + 1 < text.size();
         comma = text.find(',', comma + 1)) {
        if (code.size() >= length) return bad("real program length exceeds the encoded length parameter");
        sock_filter insn{};
        if (std::sscanf(text.c_str() + comma + 1, "%hu %hhu %hhu %u,", &insn.code, &insn.jt, &insn.jf, &insn.k) != 4)
            return bad(fmt::format("error at instr {}", code.size()));
        code.push_back(insn);
    }
    if (code.size() != length) return bad("parsed program length is less than the encoded length parameter");
    return code;
}

void append_bytecode(std::string& out, std::span<const sock_filter> code) {
    for (std::size_t i = 0; i < code.size(); ++i)
        fmt::format_to(std::back_inserter(out), "{}{} {} {} {}", i == 0 ? "" : ",", code[i].code, code[i].jt,
                       code[i].jf, code[i].k);
}

bool bytecode_is_valid(std::span<const sock_filter> code) {
    for (std::size_t at = 0; at < code.size(); ++at)
        if (!known(code[at].code) || !operands_are_valid(code[at], code.size() - at - 1)) return false;
    return BPF_CLASS(code.back().code) == BPF_RET && memory_is_written(code);
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// `bpf --bytecode`: classic BPF as bpf_convert_filter of net/core/filter.c translates it. A load beyond the packet, or a division by
// zero, ends it with no.
#include "translator/codegen/predicates.hpp"

#include <cstddef>

namespace xtbpf::codegen {

namespace {

constexpr Reg kA = Reg::Accumulator, kX = Reg::Index;
constexpr std::uint32_t kFar = 0x7FFF0000; // no packet is that long; what is less stays within the helper's 31 bits

Condition condition_of(std::uint16_t code) {
    switch (BPF_OP(code)) {
    case BPF_JEQ: return Condition::Equal;
    case BPF_JGT: return Condition::Greater;
    case BPF_JGE: return Condition::GreaterEqual;
    default: return Condition::AnyBit;
    }
}

std::uint8_t width_of_load(std::uint16_t code) { return BPF_SIZE(code) == BPF_B ? 1 : BPF_SIZE(code) == BPF_H ? 2 : 4; }

} // namespace

// The bytes at the offset `from` + k go to Value.
void PredicateWriter::classic_bytes(const sock_filter& insn, const Answers& to) {
    if (BPF_MODE(insn.code) == BPF_IND) {
        out_.copy(Reg::Arg2, kX);
        out_.alu(BPF_ADD, Reg::Arg2, insn.k);
        out_.jump_if(Condition::Greater, Reg::Arg2, kFar,
                     to.ask); // what lies before the packet has a meaning of its own
    } else {
        out_.move(Reg::Arg2, insn.k);
    }
    out_.load(Reg::Arg3, Reg::View, offsetof(xt_view, packet_off), Width::Word);
    out_.alu64(BPF_ADD, Reg::Arg2, Reg::Arg3);
    load_bytes(BPF_CLASS(insn.code) == BPF_LDX ? 1 : width_of_load(insn.code), to.no);
}

void PredicateWriter::classic_load(const sock_filter& insn, const Answers& to) {
    const bool index = BPF_CLASS(insn.code) == BPF_LDX;
    const Reg into = index ? kX : kA;
    switch (BPF_MODE(insn.code)) {
    case BPF_IMM: return out_.move(into, insn.k);
    case BPF_LEN: return out_.load(into, Reg::View, offsetof(xt_view, len), Width::Word);
    default: break;
    }
    classic_bytes(insn, to);
    out_.copy(into, Reg::Value);
    if (!index) return;
    out_.alu(BPF_AND, kX, 0xF); // BPF_MSH: the length of an IPv4 header
    out_.alu(BPF_LSH, kX, 2);
}

void PredicateWriter::classic_alu(const sock_filter& insn, const Answers& to) {
    const auto op = static_cast<std::uint8_t>(BPF_OP(insn.code));
    if (BPF_SRC(insn.code) == BPF_K || op == BPF_NEG) return out_.alu(op, kA, op == BPF_NEG ? 0 : insn.k);
    if (op == BPF_DIV || op == BPF_MOD) out_.jump_if(Condition::Equal, kX, 0, to.no);
    out_.alu32(op, kA, kX);
}

void PredicateWriter::classic(std::span<const sock_filter> code, const Answers& to) {
    std::vector<Label> labels;
    for (std::size_t at = 0; at < code.size(); ++at)
        labels.push_back(out_.label());
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.call("rt_must_ask");
    out_.jump_if(Condition::NotEqual, Reg::Result, 0, to.ask);
    out_.move(kA, 0);
    out_.move(kX, 0);
    for (std::size_t at = 0; at < code.size(); ++at) {
        const sock_filter& insn = code[at];
        out_.place(labels[at]);
        switch (BPF_CLASS(insn.code)) {
        case BPF_LD:
        case BPF_LDX: classic_load(insn, to); break;
        case BPF_ALU: classic_alu(insn, to); break;
        case BPF_MISC: BPF_MISCOP(insn.code) == BPF_TAX ? out_.copy(kX, kA) : out_.copy(kA, kX); break;
        case BPF_RET:
            if (BPF_RVAL(insn.code) == BPF_A) out_.jump_if(Condition::NotEqual, kA, 0, to.yes);
            out_.jump(BPF_RVAL(insn.code) != BPF_A && insn.k != 0 ? to.yes : to.no);
            break;
        default: // BPF_JMP
            if (BPF_OP(insn.code) == BPF_JA) {
                out_.jump(labels[at + 1 + insn.k]);
                break;
            }
            if (BPF_SRC(insn.code) == BPF_X)
                out_.jump_if64(condition_of(insn.code), kA, kX, labels[at + 1 + insn.jt]);
            else
                out_.jump_if(condition_of(insn.code), kA, insn.k, labels[at + 1 + insn.jt]);
            out_.jump(labels[at + 1 + insn.jf]);
        }
    }
}

} // namespace xtbpf::codegen

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/assembler.hpp"

#include <cassert>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace xtbpf::codegen {

namespace {

constexpr std::size_t kUnplaced = std::numeric_limits<std::size_t>::max();

constexpr std::uint8_t code(unsigned bits) { return static_cast<std::uint8_t>(bits); }

std::int32_t as_imm(std::uint32_t value) {
    std::int32_t imm;
    std::memcpy(&imm, &value, sizeof imm);
    return imm;
}

} // namespace

Condition inverse(Condition condition) {
    switch (condition) {
    case Condition::Equal: return Condition::NotEqual;
    case Condition::NotEqual: return Condition::Equal;
    case Condition::Greater: return Condition::LessEqual;
    case Condition::GreaterEqual: return Condition::Less;
    case Condition::Less: return Condition::GreaterEqual;
    case Condition::LessEqual: return Condition::Greater;
    case Condition::AnyBit: break;
    }
    assert(!"AnyBit has no inverse");
    return condition;
}

Width width_of(std::size_t bytes) {
    switch (bytes) {
    case 1: return Width::Byte;
    case 2: return Width::Half;
    case 4: return Width::Word;
    default: return Width::Double;
    }
}

Label Assembler::label() {
    Label label;
    label.id_ = static_cast<std::uint32_t>(places_.size());
    places_.push_back(kUnplaced);
    return label;
}

void Assembler::place(Label label) {
    assert(places_[label.id_] == kUnplaced);
    places_[label.id_] = function_.insns.size();
}

void Assembler::emit(std::uint8_t opcode, Reg dst, Reg src, std::int16_t offset, std::int32_t imm) {
    bpf_insn insn{};
    insn.code = opcode;
    insn.dst_reg = static_cast<std::uint8_t>(dst) & 0xF;
    insn.src_reg = static_cast<std::uint8_t>(src) & 0xF;
    insn.off = offset;
    insn.imm = imm;
    function_.insns.push_back(insn);
}

void Assembler::load(Reg dst, Reg base, std::int16_t offset, Width width) {
    emit(code(BPF_LDX | BPF_MEM | static_cast<unsigned>(width)), dst, base, offset, 0);
}

void Assembler::store(Reg base, std::int16_t offset, Reg src, Width width) {
    emit(code(BPF_STX | BPF_MEM | static_cast<unsigned>(width)), base, src, offset, 0);
}

void Assembler::store_imm(Reg base, std::int16_t offset, std::int32_t value, Width width) {
    emit(code(BPF_ST | BPF_MEM | static_cast<unsigned>(width)), base, Reg::Result, offset, value);
}

void Assembler::move(Reg dst, std::uint32_t value) {
    emit(code(BPF_ALU | BPF_MOV | BPF_K), dst, Reg::Result, 0, as_imm(value));
}

void Assembler::copy(Reg dst, Reg src) { emit(code(BPF_ALU64 | BPF_MOV | BPF_X), dst, src, 0, 0); }

void Assembler::load64(Reg dst, std::uint64_t value) {
    emit(code(BPF_LD | BPF_IMM | BPF_DW), dst, Reg::Result, 0, as_imm(static_cast<std::uint32_t>(value)));
    emit(0, Reg::Result, Reg::Result, 0, as_imm(static_cast<std::uint32_t>(value >> 32)));
}

void Assembler::load_map(Reg dst, int fd) {
    emit(code(BPF_LD | BPF_IMM | BPF_DW), dst, static_cast<Reg>(BPF_PSEUDO_MAP_FD), 0, fd);
    emit(0, Reg::Result, Reg::Result, 0, 0);
}

void Assembler::alu(std::uint8_t op, Reg dst, std::uint32_t value) {
    emit(code(BPF_ALU | BPF_K | unsigned{op}), dst, Reg::Result, 0, as_imm(value));
}

void Assembler::from_big_endian(Reg dst, std::uint8_t bytes) {
    emit(code(BPF_ALU | BPF_END | BPF_TO_BE), dst, Reg::Result, 0, 8 * bytes);
}

void Assembler::alu64(std::uint8_t op, Reg dst, Reg src) {
    emit(code(BPF_ALU64 | BPF_X | unsigned{op}), dst, src, 0, 0);
}

void Assembler::alu32(std::uint8_t op, Reg dst, Reg src) { emit(code(BPF_ALU | BPF_X | unsigned{op}), dst, src, 0, 0); }

void Assembler::alu64_imm(std::uint8_t op, Reg dst, std::int32_t value) {
    emit(code(BPF_ALU64 | BPF_K | unsigned{op}), dst, Reg::Result, 0, value);
}

void Assembler::jump_to(std::uint8_t opcode, Reg dst, Reg src, std::int32_t imm, Label to) {
    jumps_.push_back({function_.insns.size(), to.id_});
    emit(opcode, dst, src, 0, imm);
}

void Assembler::jump(Label to) { jump_to(code(BPF_JMP | BPF_JA), Reg::Result, Reg::Result, 0, to); }

void Assembler::jump_if(Condition condition, Reg reg, std::uint32_t value, Label to) {
    jump_to(code(BPF_JMP32 | BPF_K | static_cast<unsigned>(condition)), reg, Reg::Result, as_imm(value), to);
}

void Assembler::jump_if64(Condition condition, Reg reg, Reg other, Label to) {
    jump_to(code(BPF_JMP | BPF_X | static_cast<unsigned>(condition)), reg, other, 0, to);
}

void Assembler::jump_if_not_null(Reg pointer, Label to) {
    jump_to(code(BPF_JMP | BPF_K | BPF_JNE), pointer, Reg::Result, 0, to);
}

void Assembler::begin(std::uint32_t verdict) {
    const Label there = label();
    copy(Reg::Context, Reg::Arg1);
    copy(Reg::View, Reg::Arg2);
    jump_if_not_null(Reg::View, there); // a global function's pointer may be null as far as the verifier knows
    return_value(verdict);
    place(there);
}

void Assembler::call(std::string function) {
    function_.calls.push_back({function_.insns.size(), std::move(function)});
    emit(code(BPF_JMP | BPF_CALL), Reg::Result, static_cast<Reg>(BPF_PSEUDO_CALL), 0, -1);
}

void Assembler::call_helper(bpf_func_id helper) {
    emit(code(BPF_JMP | BPF_CALL), Reg::Result, Reg::Result, 0, static_cast<std::int32_t>(helper));
}

void Assembler::exit() { emit(code(BPF_JMP | BPF_EXIT), Reg::Result, Reg::Result, 0, 0); }

// Which instructions can be reached from the first. The verifier refuses a function that has others.
std::vector<bool> Assembler::reachable() const {
    std::vector<std::size_t> target(function_.insns.size(), kUnplaced);
    for (const Jump& jump : jumps_)
        target[jump.insn] = places_[jump.label];
    std::vector<bool> reached(function_.insns.size(), false);
    std::vector<std::size_t> work{0};
    while (!work.empty()) {
        std::size_t at = work.back();
        work.pop_back();
        while (at < reached.size() && !reached[at]) {
            reached[at] = true;
            const bpf_insn& insn = function_.insns[at];
            if (insn.code == (BPF_LD | BPF_IMM | BPF_DW)) reached[++at] = true; // its second half
            if (target[at] != kUnplaced) work.push_back(target[at]);
            if (insn.code == (BPF_JMP | BPF_JA) || insn.code == (BPF_JMP | BPF_EXIT)) break;
            ++at;
        }
    }
    return reached;
}

void Assembler::drop_unreachable() {
    const std::vector<bool> reached = reachable();
    std::vector<std::size_t> moved(function_.insns.size() + 1); // old index -> new index
    std::vector<bpf_insn> kept;
    for (std::size_t at = 0; at < reached.size(); ++at) {
        moved[at] = kept.size();
        if (reached[at]) kept.push_back(function_.insns[at]);
    }
    moved.back() = kept.size();
    const auto dead = [&](const auto& entry) { return !reached[entry.insn]; };
    std::erase_if(jumps_, dead);
    std::erase_if(function_.calls, dead);
    for (Jump& jump : jumps_)
        jump.insn = moved[jump.insn];
    for (Call& call : function_.calls)
        call.insn = moved[call.insn];
    for (std::size_t& place : places_)
        if (place != kUnplaced) place = moved[place];
    function_.insns = std::move(kept);
}

Result<Function> Assembler::finish() && {
    drop_unreachable();
    for (const Jump& jump : jumps_) {
        assert(places_[jump.label] != kUnplaced);
        const auto distance = static_cast<std::int64_t>(places_[jump.label]) - static_cast<std::int64_t>(jump.insn) - 1;
        if (distance < std::numeric_limits<std::int16_t>::min() || distance > std::numeric_limits<std::int16_t>::max())
            return fail(ErrorKind::Refused, fmt::format("generated function {} is too long: a jump of {} instructions",
                                                        function_.name, distance));
        function_.insns[jump.insn].off = static_cast<std::int16_t>(distance);
    }
    return std::move(function_);
}

} // namespace xtbpf::codegen

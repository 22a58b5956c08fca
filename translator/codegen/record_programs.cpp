// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/record_programs.hpp"

#include "translator/codegen/assembler.hpp"
#include "translator/record.h"

#include <cassert>
#include <cstddef>

namespace xtbpf::codegen {

namespace {

constexpr std::int16_t kKey = -8;  // the skb's address, on the stack
constexpr Reg kRecord = Reg::View; // callee-saved, as in generated functions

template <typename Body> std::vector<bpf_insn> program(Body&& body) {
    Assembler out("side");
    body(out);
    Result<Function> function = std::move(out).finish();
    assert(function); // a few jumps within a few instructions
    return std::move(function->insns);
}

void call_map_helper(Assembler& out, int records, bpf_func_id helper) {
    out.load_map(Reg::Arg1, records);
    out.copy(Reg::Arg2, Reg::Frame);
    out.alu64_imm(BPF_ADD, Reg::Arg2, kKey);
    out.call_helper(helper);
}

// kRecord = the record of the packet in Arg1; returns `missing` if there is none.
void find_record(Assembler& out, int records, std::uint32_t missing) {
    const Label found = out.label();
    out.store(Reg::Frame, kKey, Reg::Arg1, Width::Double);
    call_map_helper(out, records, BPF_FUNC_map_lookup_elem);
    out.jump_if_not_null(Reg::Result, found);
    out.return_value(missing);
    out.place(found);
    out.copy(kRecord, Reg::Result);
}

void end_record(Assembler& out, int records) { call_map_helper(out, records, BPF_FUNC_map_delete_elem); }

} // namespace

std::vector<bpf_insn> idle_program(int records, std::uint32_t effects) {
    return program([&](Assembler& out) {
        const Label no_effect = out.label();
        const Label idle = out.label();
        find_record(out, records, 1);
        out.load(Reg::Value, kRecord, offsetof(xt_record, next), Width::Byte);
        out.load(Reg::Other, kRecord, offsetof(xt_record, count), Width::Byte);
        out.jump_if64(Condition::GreaterEqual, Reg::Value, Reg::Other, no_effect);
        out.jump_if(Condition::GreaterEqual, Reg::Value, XT_MOST_EFFECTS, idle);
        out.copy(Reg::Arg3, kRecord);
        out.alu64(BPF_ADD, Reg::Arg3, Reg::Value);
        out.alu64(BPF_ADD, Reg::Arg3, Reg::Value); // two bytes each
        out.load(Reg::Arg4, Reg::Arg3, offsetof(xt_record, effects), Width::Half);
        out.store(kRecord, offsetof(xt_record, current), Reg::Arg4, Width::Half);
        out.alu(BPF_ADD, Reg::Value, 1);
        out.store(kRecord, offsetof(xt_record, next), Reg::Value, Width::Byte);
        out.return_value(0);
        out.place(no_effect);
        out.load(Reg::Value, kRecord, offsetof(xt_record, need), Width::Half);
        out.jump_if(Condition::Equal, Reg::Value, XT_NO_NEED, idle);
        out.alu(BPF_ADD, Reg::Value, effects);
        out.store(kRecord, offsetof(xt_record, current), Reg::Value, Width::Half);
        out.store_imm(kRecord, offsetof(xt_record, need), static_cast<std::int32_t>(XT_NO_NEED), Width::Half);
        out.return_value(0);
        out.place(idle);
        out.return_value(1);
    });
}

std::vector<bpf_insn> digit_program(int records, unsigned shift, std::uint32_t digit) {
    return program([&](Assembler& out) {
        const Label yes = out.label();
        find_record(out, records, 0);
        out.load(Reg::Value, kRecord, offsetof(xt_record, current), Width::Half);
        if (shift != 0) out.alu(BPF_RSH, Reg::Value, shift);
        out.alu(BPF_AND, Reg::Value, (1U << kStepBits) - 1);
        out.jump_if(Condition::Equal, Reg::Value, digit, yes);
        out.return_value(0);
        out.place(yes);
        out.return_value(1);
    });
}

std::vector<bpf_insn> yes_program(int records) {
    return program([&](Assembler& out) {
        find_record(out, records, 1);
        out.store_imm(kRecord, offsetof(xt_record, matched), 1, Width::Byte);
        out.return_value(1);
    });
}

std::vector<bpf_insn> orphan_program(int records) {
    return program([&](Assembler& out) {
        find_record(out, records, 1);
        out.return_value(0);
    });
}

std::vector<bpf_insn> accepts_program(int records) {
    return program([&](Assembler& out) {
        const Label no = out.label();
        find_record(out, records, 0);
        out.load(Reg::Value, kRecord, offsetof(xt_record, verdict), Width::Byte);
        out.jump_if(Condition::NotEqual, Reg::Value, XT_ACCEPT, no);
        out.load(Reg::Value, kRecord, offsetof(xt_record, next), Width::Byte);
        out.load(Reg::Other, kRecord, offsetof(xt_record, count), Width::Byte);
        out.jump_if64(Condition::Less, Reg::Value, Reg::Other, no);
        end_record(out, records);
        out.return_value(1);
        out.place(no);
        out.return_value(0);
    });
}

std::vector<bpf_insn> out_program(int records) {
    return program([&](Assembler& out) {
        out.copy(Reg::Context, Reg::Arg1);
        find_record(out, records, 1);
        out.load(Reg::Value, Reg::Context, offsetof(__sk_buff, mark), Width::Word);
        out.store(kRecord, offsetof(xt_record, out), Reg::Value, Width::Word);
        out.return_value(1);
    });
}

} // namespace xtbpf::codegen

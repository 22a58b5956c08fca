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

std::vector<bpf_insn> need_program(int records, std::uint32_t number) {
    return program([&](Assembler& out) {
        const Label waits = out.label();
        find_record(out, records, 0);
        out.load(Reg::Value, kRecord, offsetof(xt_record, need), Width::Half);
        out.jump_if(Condition::Equal, Reg::Value, number, waits);
        out.return_value(0);
        out.place(waits);
        out.store_imm(kRecord, offsetof(xt_record, need), XT_NO_NEED, Width::Half);
        out.store_imm(kRecord, offsetof(xt_record, asked), 1, Width::Byte);
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

std::vector<bpf_insn> due_program(int records, std::uint32_t number) {
    return program([&](Assembler& out) {
        const Label no = out.label();
        const Label yes = out.label();
        find_record(out, records, 0);
        out.load(Reg::Value, kRecord, offsetof(xt_record, next), Width::Byte);
        out.load(Reg::Other, kRecord, offsetof(xt_record, count), Width::Byte);
        out.jump_if64(Condition::GreaterEqual, Reg::Value, Reg::Other, no);
        out.jump_if(Condition::GreaterEqual, Reg::Value, XT_MOST_EFFECTS, no);
        out.copy(Reg::Arg3, kRecord);
        out.alu64(BPF_ADD, Reg::Arg3, Reg::Value);
        out.alu64(BPF_ADD, Reg::Arg3, Reg::Value); // two bytes each
        out.load(Reg::Arg4, Reg::Arg3, offsetof(xt_record, effects), Width::Half);
        out.jump_if(Condition::NotEqual, Reg::Arg4, number, no);
        out.alu(BPF_ADD, Reg::Value, 1);
        out.store(kRecord, offsetof(xt_record, next), Reg::Value, Width::Byte);
        out.jump_if64(Condition::NotEqual, Reg::Value, Reg::Other, yes);
        out.load(Reg::Value, kRecord, offsetof(xt_record, verdict), Width::Byte);
        out.jump_if(Condition::Equal, Reg::Value, XT_ACCEPT, yes);
        end_record(out, records); // what follows the last effect is the final drop, which needs none
        out.place(yes);
        out.return_value(1);
        out.place(no);
        out.return_value(0);
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

} // namespace xtbpf::codegen

// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions for the predicates of packet_tests.hpp: the bytes are copied to the function's own stack by a helper.
#include "translator/codegen/predicates.hpp"

#include <cstddef>

namespace xtbpf::codegen {

namespace {

constexpr std::int16_t kLoaded = -8; // the bytes, on the stack
constexpr std::int16_t kAt = -16;    // u32: where its last @ has led, 64 bits

// No packet is that long; what is added to an offset below it stays within the helper's 31 bits.
constexpr std::uint32_t kFar = 0x7FFF0000;

constexpr auto kPacketOffset = static_cast<std::int16_t>(offsetof(xt_view, packet_off));

std::int16_t place_of(ir::Base base) {
    if (base.transport()) return static_cast<std::int16_t>(offsetof(xt_view, thoff));
    return static_cast<std::int16_t>(offsetof(xt_view, ext_at) + sizeof(std::uint16_t) * base.place);
}

} // namespace

// Arg2 counts from what the program can load bytes from. The number in host order comes to Value.
void PredicateWriter::load_bytes(std::uint8_t width, Label missing) {
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg3, Reg::Frame);
    out_.alu64_imm(BPF_ADD, Reg::Arg3, kLoaded);
    out_.move(Reg::Arg4, width);
    out_.call_helper(BPF_FUNC_skb_load_bytes);
    out_.jump_if(Condition::NotEqual, Reg::Result, 0, missing);
    out_.load(Reg::Value, Reg::Frame, kLoaded, width_of(width));
    if (width > 1) out_.from_big_endian(Reg::Value, width);
}

void PredicateWriter::bytes_at(ir::Base base, std::uint16_t offset, std::uint8_t width, Label missing) {
    out_.load(Reg::Arg2, Reg::View, kPacketOffset, Width::Word);
    out_.load(Reg::Arg3, Reg::View, place_of(base), Width::Half);
    out_.alu64(BPF_ADD, Reg::Arg2, Reg::Arg3);
    if (offset != 0) out_.alu64_imm(BPF_ADD, Reg::Arg2, offset);
    load_bytes(width, missing);
}

void PredicateWriter::require_one(const ir::BytesTest& one, Label no) {
    const Label unequal = one.unequal == ir::Else::Hotdrop ? exits_.hotdrop : no;
    bytes_at(one.base, one.offset, one.width, one.missing == ir::Else::Hotdrop ? exits_.hotdrop : no);
    if (one.mask != ~0U) out_.alu(BPF_AND, Reg::Value, one.mask);
    const std::uint32_t top = one.width == 4 ? ~0U : (1U << 8U * one.width) - 1U;
    ranges(one.ranges, top, unequal, one.invert ? Sense::True : Sense::False);
}

void PredicateWriter::require_one(const ir::ExtensionTest& one, Label no) {
    const Label here = out_.label();
    out_.load(Reg::Value, Reg::View, place_of(one.extension), Width::Half);
    if (one.broken == ir::Else::Hotdrop) {
        out_.jump_if(Condition::NotEqual, Reg::Value, 0, here);
        out_.load(Reg::Value, Reg::View, offsetof(xt_view, ext_broken), Width::Byte);
        out_.jump_if(Condition::NotEqual, Reg::Value, 0, exits_.hotdrop);
        out_.jump(no);
    } else {
        out_.jump_if(Condition::Equal, Reg::Value, 0, no);
    }
    out_.place(here);
    if (!one.whole) return;
    const bool authentication = one.extension == ir::Extension::Authentication;
    bytes_at(one.extension, 1, 1, no); // ipv6_authlen, ipv6_optlen
    out_.alu(BPF_ADD, Reg::Value, authentication ? 2 : 1);
    out_.alu(BPF_LSH, Reg::Value, authentication ? 2 : 3);
    out_.load(Reg::Other, Reg::View, place_of(one.extension), Width::Half);
    out_.alu64(BPF_ADD, Reg::Value, Reg::Other);
    out_.load(Reg::Other, Reg::View, offsetof(xt_view, len), Width::Word);
    out_.jump_if64(Condition::Greater, Reg::Value, Reg::Other, no);
}

void PredicateWriter::require_one(const ir::TcpMssTest& one, Label no) {
    const Label done = out_.label();
    const ir::Range wanted{one.low, one.high};
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.call("rt_tcp_mss"); // the MSS, or XT_MSS_*
    out_.copy(Reg::Value, Reg::Result);
    out_.jump_if(Condition::Equal, Reg::Value, XT_MSS_BROKEN, exits_.hotdrop);
    out_.jump_if(Condition::Equal, Reg::Value, XT_MSS_ABSENT, one.invert ? done : no);
    ranges({&wanted, 1}, 0xFFFF, no, one.invert ? Sense::True : Sense::False);
    out_.place(done);
}

// One test of xt_u32.c, u32_match_it.
void PredicateWriter::u32_test(const ir::U32Test::One& test, Label no) {
    if (test.at > kFar) return out_.jump(no);
    out_.store_imm(Reg::Frame, kAt, 0, Width::Double);
    out_.load(Reg::Arg2, Reg::View, kPacketOffset, Width::Word);
    out_.alu64_imm(BPF_ADD, Reg::Arg2, static_cast<std::int32_t>(test.at));
    load_bytes(4, no);
    for (const ir::U32Test::Step& step : test.steps) {
        switch (step.operation) {
        case ir::U32Test::Operator::And: out_.alu(BPF_AND, Reg::Value, step.operand); continue;
        case ir::U32Test::Operator::ShiftLeft: out_.alu(BPF_LSH, Reg::Value, step.operand & 31); continue;
        case ir::U32Test::Operator::ShiftRight: out_.alu(BPF_RSH, Reg::Value, step.operand & 31); continue;
        case ir::U32Test::Operator::At: break;
        }
        if (step.operand > kFar) return out_.jump(no);
        out_.load(Reg::Other, Reg::Frame, kAt, Width::Double);
        out_.alu64(BPF_ADD, Reg::Other, Reg::Value);
        out_.store(Reg::Frame, kAt, Reg::Other, Width::Double);
        out_.alu64_imm(BPF_ADD, Reg::Arg2, static_cast<std::int32_t>(step.operand));
        out_.move(Reg::Arg3, kFar);
        out_.jump_if64(Condition::Greater, Reg::Arg2, Reg::Arg3, no);
        out_.load(Reg::Arg3, Reg::View, kPacketOffset, Width::Word);
        out_.alu64(BPF_ADD, Reg::Arg2, Reg::Arg3);
        load_bytes(4, no);
    }
    std::vector<ir::Range> forward;
    for (const ir::Range& range : test.ranges)
        if (range.low <= range.high) forward.push_back(range);
    if (forward.empty()) return out_.jump(no);
    ranges(forward, ~0U, no, Sense::False);
}

void PredicateWriter::require_one(const ir::U32Test& u32, Label no) {
    const Label no_match = u32.invert ? out_.label() : no;
    for (const ir::U32Test::One& test : u32.tests)
        u32_test(test, no_match);
    if (!u32.invert) return;
    out_.jump(no);
    out_.place(no_match);
}

} // namespace xtbpf::codegen

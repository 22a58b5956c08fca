// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/predicates.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace xtbpf::codegen {

namespace {

constexpr std::uint32_t max_of(std::uint8_t size) { return size == 4 ? ~0U : (1U << (8U * size)) - 1U; }

std::int16_t offset_of(ir::Field field) { return static_cast<std::int16_t>(ir::layout(field).offset); }

std::int16_t word_offset(ir::AddressField field, std::size_t word) {
    return static_cast<std::int16_t>(ir::layout(field).offset + 4 * word);
}

std::size_t words_of(Family family) { return family == Family::V4 ? 1 : 4; }

// The word that tells two addresses apart soonest: the last that the mask covers.
std::size_t telling_word(const ir::AddressTest& test, Family family) {
    for (std::size_t word = words_of(family); word-- > 0;)
        if (test.mask[word] != 0) return word;
    return 0;
}

// proto and l4 lie side by side, so that one load tells both: see jump_if_maybe.
static_assert(offsetof(xt_view, l4) == offsetof(xt_view, proto) + 1 && offsetof(xt_view, proto) % 2 == 0);
static_assert(XT_L4_OK == 0);
constexpr std::uint32_t proto_key(std::uint8_t protocol) {
    return std::endian::native == std::endian::little ? protocol : protocol * 256U;
}

} // namespace

bool PredicateWriter::is_quick(const ir::Predicate& predicate, Family family) {
    if (const auto* field = std::get_if<ir::FieldTest>(&predicate))
        return !field->gate && field->ranges.size() == 1 && !ir::is_lazy(field->field);
    if (const auto* address = std::get_if<ir::AddressTest>(&predicate)) return !address->gate && !address->invert;
    if (const auto* protocol = std::get_if<ir::ProtocolTest>(&predicate))
        return family == Family::V4 || !protocol->invert;
    return false;
}

bool PredicateWriter::is_complete(const ir::Predicate& predicate, Family family) {
    if (family == Family::V4) return true;
    if (const auto* address = std::get_if<ir::AddressTest>(&predicate))
        return std::ranges::count_if(address->mask, [](std::uint32_t word) { return word != 0; }) == 1;
    return std::holds_alternative<ir::FieldTest>(predicate);
}

bool PredicateWriter::is_pure(const ir::Predicate& predicate, Family family) {
    if (std::holds_alternative<ir::ProtocolTest>(predicate)) return family == Family::V4;
    return !std::holds_alternative<ir::HeaderTest>(predicate) &&
           !std::holds_alternative<ir::TcpOptionTest>(predicate) && !ir::keeps_state(predicate) &&
           !std::holds_alternative<ir::KernelMatch>(predicate) && !std::holds_alternative<ir::BytesTest>(predicate) &&
           !std::holds_alternative<ir::ExtensionTest>(predicate) && !std::holds_alternative<ir::TcpMssTest>(predicate);
}

void PredicateWriter::jump_if_maybe(const ir::Predicate& predicate, Label maybe) {
    if (const auto* field = std::get_if<ir::FieldTest>(&predicate)) {
        test(*field, maybe, Sense::True);
    } else if (const auto* address = std::get_if<ir::AddressTest>(&predicate)) {
        word(*address, telling_word(*address, family_), Condition::Equal, maybe);
    } else if (const auto* protocol = std::get_if<ir::ProtocolTest>(&predicate)) {
        if (family_ == Family::V4) {
            load_field(ir::Field::Proto, ~0U);
            out_.jump_if(protocol->invert ? Condition::NotEqual : Condition::Equal, Reg::Value, protocol->protocol,
                         maybe);
            return;
        }
        // Where the transport header wasn't found the slow test has to say what that means.
        out_.load(Reg::Value, Reg::View, offset_of(ir::Field::Proto), Width::Half);
        out_.jump_if(Condition::Equal, Reg::Value, proto_key(protocol->protocol), maybe);
        load_field(ir::Field::L4State, ~0U);
        out_.jump_if(Condition::NotEqual, Reg::Value, XT_L4_OK, maybe);
    }
}

void PredicateWriter::require(const ir::Predicate& predicate, Label no) {
    std::visit([&](const auto& one) { require_one(one, no); }, predicate);
}

void PredicateWriter::load_field(ir::Field field, std::uint32_t mask) {
    const ir::FieldLayout& where = ir::layout(field);
    if (ir::is_lazy(field)) {
        out_.copy(Reg::Arg1, Reg::Context);
        out_.copy(Reg::Arg2, Reg::View);
        out_.move(Reg::Arg3, ir::lazy_number(field));
        out_.call("rt_lazy_field");
        out_.copy(Reg::Value, Reg::Result);
    } else {
        out_.load(Reg::Value, Reg::View, offset_of(field), width_of(where.size));
    }
    if ((mask & max_of(where.size)) != max_of(where.size)) out_.alu(BPF_AND, Reg::Value, mask);
}

void PredicateWriter::test(const ir::FieldTest& field, Label to, Sense when) {
    const Label over = out_.label();
    if (field.gate) {
        load_field(field.gate->field, ~0U);
        const bool jumps = field.gate->otherwise == (when == Sense::True);
        out_.jump_if(Condition::Less, Reg::Value, field.gate->at_least, jumps ? to : over);
    }
    load_field(field.field, field.mask);
    ranges(field.ranges, max_of(ir::layout(field.field).size), to,
           field.invert == (when == Sense::True) ? Sense::False : Sense::True);
    out_.place(over);
}

void PredicateWriter::ranges(std::span<const ir::Range> ranges, std::uint32_t top, Label to, Sense when) {
    const Label inside = out_.label();
    const bool single = ranges.size() == 1;
    const bool direct = when == Sense::True || single; // jumps straight to `to`
    for (const ir::Range& range : ranges) {
        Condition condition = Condition::LessEqual;
        std::uint32_t bound = range.high;
        Reg reg = Reg::Value;
        if (range.low == range.high) {
            condition = Condition::Equal;
        } else if (range.low == 0 && range.high >= top) {
            condition = Condition::GreaterEqual; // everything
            bound = 0;
        } else if (range.high >= top) {
            condition = Condition::GreaterEqual;
            bound = range.low;
        } else if (range.low != 0) {
            out_.copy(Reg::Other, Reg::Value);
            out_.alu(BPF_SUB, Reg::Other, range.low);
            reg = Reg::Other;
            bound = range.high - range.low;
        }
        if (when == Sense::False && single) condition = inverse(condition);
        out_.jump_if(condition, reg, bound, direct ? to : inside);
    }
    if (!direct) out_.jump(to);
    out_.place(inside);
}

void PredicateWriter::word(const ir::AddressTest& test, std::size_t index, Condition condition, Label to) {
    out_.load(Reg::Value, Reg::View, word_offset(test.field, index), Width::Word);
    if (test.mask[index] != ~0U) out_.alu(BPF_AND, Reg::Value, test.mask[index]);
    out_.jump_if(condition, Reg::Value, test.value[index], to);
}

void PredicateWriter::address_equal(const ir::AddressTest& test, Label to, Sense when) {
    const Label differ = out_.label();
    for (std::size_t index = words_of(family_); index-- > 0;)
        if (test.mask[index] != 0) word(test, index, Condition::NotEqual, when == Sense::False ? to : differ);
    if (when == Sense::True) out_.jump(to);
    out_.place(differ);
}

void PredicateWriter::require_one(const ir::FieldTest& one, Label no) { test(one, no, Sense::False); }

void PredicateWriter::require_one(const ir::AnyOf& any, Label no) {
    const Label found = out_.label();
    for (const ir::FieldTest& one : any.tests)
        test(one, any.invert ? no : found, Sense::True);
    if (!any.invert) out_.jump(no);
    out_.place(found);
}

void PredicateWriter::require_one(const ir::AddressTest& one, Label no) {
    const Label over = out_.label();
    if (one.gate) {
        load_field(one.gate->field, ~0U);
        out_.jump_if(Condition::Less, Reg::Value, one.gate->at_least, one.gate->otherwise ? over : no);
    }
    address_equal(one, no, one.invert ? Sense::True : Sense::False);
    out_.place(over);
}

// Jumps to `outside` unless low <= address <= high, as 128-bit numbers: word by word, most significant first, until a word
// lies strictly within its bound.
void PredicateWriter::compare_words(const ir::AddressRange& test, Label outside) {
    for (const bool lower : {true, false}) {
        const Label within = out_.label();
        const ir::Words& bound = lower ? test.low : test.high;
        const std::size_t words = words_of(family_);
        for (std::size_t index = 0; index < words; ++index) {
            out_.load(Reg::Value, Reg::View, word_offset(test.field, index), Width::Word);
            out_.jump_if(lower ? Condition::Less : Condition::Greater, Reg::Value, bound[index], outside);
            if (index + 1 < words) out_.jump_if(Condition::NotEqual, Reg::Value, bound[index], within);
        }
        out_.place(within);
    }
}

void PredicateWriter::require_one(const ir::AddressRange& one, Label no) {
    if (!one.invert) return compare_words(one, no);
    const Label outside = out_.label();
    compare_words(one, outside);
    out_.jump(no);
    out_.place(outside);
}

// The name is compared as two 64-bit halves in memory order.
void PredicateWriter::interface_equal(const ir::InterfaceTest& one, Label differ) {
    const std::size_t base =
        one.direction == ir::Direction::In ? offsetof(xt_view, in_name) : offsetof(xt_view, out_name);
    for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t name;
        std::uint64_t mask;
        std::memcpy(&name, one.name.data() + 8 * half, 8);
        std::memcpy(&mask, one.mask.data() + 8 * half, 8);
        if (mask == 0) continue;
        out_.load(Reg::Value, Reg::View, static_cast<std::int16_t>(base + 8 * half), Width::Double);
        if (mask != ~0ULL) {
            out_.load64(Reg::Other, mask);
            out_.alu64(BPF_AND, Reg::Value, Reg::Other);
        }
        out_.load64(Reg::Other, name & mask);
        out_.jump_if64(Condition::NotEqual, Reg::Value, Reg::Other, differ);
    }
}

void PredicateWriter::require_one(const ir::InterfaceTest& one, Label no) {
    if (!one.invert) return interface_equal(one, no);
    const Label differ = out_.label();
    interface_equal(one, differ);
    out_.jump(no);
    out_.place(differ);
}

void PredicateWriter::require_one(const ir::ProtocolTest& one, Label no) {
    if (family_ == Family::V6) {
        load_field(ir::Field::L4State, ~0U);
        out_.jump_if(Condition::Equal, Reg::Value, XT_L4_BROKEN, exits_.hotdrop);
    }
    load_field(ir::Field::Proto, ~0U);
    out_.jump_if(one.invert ? Condition::Equal : Condition::NotEqual, Reg::Value, one.protocol, no);
}

void PredicateWriter::require_one(const ir::HeaderTest& one, Label no) {
    load_field(ir::Field::FragOff, ~0U);
    if (one.drop_offset_one) out_.jump_if(Condition::Equal, Reg::Value, 1, exits_.hotdrop);
    out_.jump_if(Condition::NotEqual, Reg::Value, 0, no);
    out_.load(Reg::Value, Reg::View, offsetof(xt_view, l4_avail), Width::Word);
    out_.jump_if(Condition::Less, Reg::Value, one.bytes, exits_.hotdrop);
}

void PredicateWriter::require_one(const ir::TcpOptionTest& one, Label no) {
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.move(Reg::Arg3, one.kind);
    out_.call("rt_tcp_option"); // 0 absent, 1 present, 2 hotdrop
    out_.jump_if(Condition::Greater, Reg::Result, 1, exits_.hotdrop);
    out_.jump_if(Condition::Equal, Reg::Result, one.invert ? 1 : 0, no);
}

void PredicateWriter::require_one(const ir::LimitTest& one, Label no) {
    out_.copy(Reg::Arg1, Reg::View);
    out_.move(Reg::Arg2, one.state);
    out_.move(Reg::Arg3, limit_credits(one.avg, clock_));
    out_.move(Reg::Arg4, limit_credits(one.avg * one.burst, clock_));
    out_.move(Reg::Arg5, limit_credits_per_jiffy(clock_));
    out_.call("rt_limit"); // 0 or 1
    out_.jump_if(Condition::Equal, Reg::Result, 0, no);
}

void PredicateWriter::require_one(const ir::CountTest& one, Label no) {
    out_.copy(Reg::Arg1, Reg::View);
    out_.move(Reg::Arg2, one.state);
    out_.load64(Reg::Arg3, one.most);
    if (one.kind == ir::CountTest::Kind::Nth) {
        out_.move(Reg::Arg4, one.packet);
        out_.call("rt_nth");
    } else {
        out_.call("rt_quota");
    }
    out_.jump_if(Condition::Equal, Reg::Result, one.invert ? 1 : 0, no); // 0 or 1
}

void PredicateWriter::require_one(const ir::KernelMatch& one, Label no) {
    const Label resumed = out_.label();
    const Label yes = out_.label();
    if (const auto native = native_match(one)) {
        const Label ask = out_.label();
        answer(*native, {.yes = yes, .no = no, .ask = ask});
        out_.place(ask);
    }
    out_.copy(Reg::Arg1, Reg::View);
    out_.move(Reg::Arg2, matches_.at(&one));
    out_.move(Reg::Arg3, sites_.add(resumed));
    out_.call("rt_pause"); // 1: don't, as if it held
    out_.jump_if(Condition::Equal, Reg::Result, 1, yes);
    out_.jump(exits_.stop);
    out_.place(resumed);
    out_.load(Reg::Value, Reg::View, offsetof(xt_view, answer), Width::Byte);
    out_.jump_if(Condition::Equal, Reg::Value, 0, no);
    out_.place(yes);
}

} // namespace xtbpf::codegen

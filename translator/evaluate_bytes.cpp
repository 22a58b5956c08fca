// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/evaluate_bytes.hpp"

#include <algorithm>
#include <optional>

namespace xtbpf {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint64_t kTcpHeader = 20;
constexpr std::uint8_t kMss = 2, kMssLength = 4; // the TCP option's kind and length

Outcome outcome(bool holds) { return holds ? Outcome::True : Outcome::False; }
Outcome outcome(ir::Else otherwise) { return otherwise == ir::Else::Hotdrop ? Outcome::Hotdrop : Outcome::False; }

// A big endian number; nullopt if the packet hasn't got all its bytes.
std::optional<std::uint32_t> number(Bytes bytes, std::uint64_t at, std::size_t width) {
    if (at > bytes.size() || bytes.size() - at < width) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
        value = value << 8 | bytes[at + i];
    return value;
}

bool any_of(const std::vector<ir::Range>& ranges, std::uint32_t value) {
    return std::ranges::any_of(ranges,
                               [&](const ir::Range& range) { return range.low <= value && value <= range.high; });
}

std::uint64_t start(ir::Base base, const xt_view& view) {
    return base.transport() ? view.thoff : view.ext_at[base.place];
}

// u32_match_it; shifts by 32 and more are cut to 5 bits, as x86 and arm64 do
bool holds(const ir::U32Test::One& test, Bytes bytes) {
    std::uint64_t at = 0;
    auto value = number(bytes, test.at, 4);
    for (const ir::U32Test::Step& step : test.steps) {
        if (!value) return false;
        switch (step.operation) {
        case ir::U32Test::Operator::And: *value &= step.operand; break;
        case ir::U32Test::Operator::ShiftLeft: *value <<= step.operand & 31; break;
        case ir::U32Test::Operator::ShiftRight: *value >>= step.operand & 31; break;
        case ir::U32Test::Operator::At:
            at += *value;
            value = number(bytes, at + step.operand, 4);
            break;
        }
    }
    return value && any_of(test.ranges, *value);
}

} // namespace

Outcome evaluate(const ir::BytesTest& test, const xt_view& view, Bytes bytes) {
    const auto value = number(bytes, start(test.base, view) + test.offset, test.width);
    if (!value) return outcome(test.missing);
    if (any_of(test.ranges, *value & test.mask) != test.invert) return Outcome::True;
    return outcome(test.unequal);
}

Outcome evaluate(const ir::ExtensionTest& test, const xt_view& view, Bytes bytes) {
    const std::uint32_t at = view.ext_at[static_cast<std::size_t>(test.extension)];
    if (at == 0) return view.ext_broken ? outcome(test.broken) : Outcome::False;
    if (!test.whole) return Outcome::True;
    const auto units = number(bytes, at + 1, 1); // ipv6_authlen, ipv6_optlen
    const bool authentication = test.extension == ir::Extension::Authentication;
    return outcome(units && at + (authentication ? (*units + 2) * 4 : (*units + 1) * 8) <= view.len);
}

// tcpmss_mt
Outcome evaluate(const ir::TcpMssTest& test, const xt_view& view, Bytes bytes) {
    const std::uint64_t header = view.thoff;
    const auto data_offset = number(bytes, header + 12, 1);
    if (!data_offset || !number(bytes, header + kTcpHeader - 1, 1)) return Outcome::Hotdrop;
    const std::uint64_t length = (*data_offset >> 4) * 4;
    if (length < kTcpHeader || header + length > bytes.size()) return Outcome::Hotdrop;
    const Bytes options = bytes.subspan(header + kTcpHeader, length - kTcpHeader);
    for (std::size_t at = 0; at < options.size();) {
        const std::size_t left = options.size() - at;
        if (options[at] == kMss && left >= kMssLength && options[at + 1] == kMssLength) {
            const std::uint32_t mss = *number(options, at + 2, 2);
            return outcome((test.low <= mss && mss <= test.high) != test.invert);
        }
        at += options[at] < 2 || left == 1 ? 1 : std::max<std::size_t>(options[at + 1], 1);
    }
    return outcome(test.invert);
}

Outcome evaluate(const ir::U32Test& u32, Bytes bytes) {
    return outcome(std::ranges::all_of(u32.tests, [&](const auto& test) { return holds(test, bytes); }) != u32.invert);
}

} // namespace xtbpf

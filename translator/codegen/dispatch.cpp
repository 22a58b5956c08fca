// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/dispatch.hpp"

#include <vector>

namespace xtbpf::codegen {

namespace {

// Cases, and what is known of the value by then. The verifier knows it too, and takes branches out that can't be taken, each at
// the cost of moving all that follows: so they must not be written.
struct Span {
    std::span<const Case> cases;
    std::uint32_t low, high;
    Label at;
};

// Halves `cases` until `few` of them are left, which `leaf` writes.
template <typename Leaf>
void halve(Assembler& out, std::span<const Case> cases, std::uint32_t highest, std::size_t few, Leaf leaf) {
    std::vector<Span> waiting{{cases, 0, highest, out.label()}};
    while (!waiting.empty()) {
        const Span span = waiting.back();
        waiting.pop_back();
        out.place(span.at);
        if (span.cases.size() <= few) {
            leaf(span);
            continue;
        }
        const std::size_t middle = span.cases.size() / 2;
        const Label upper = out.label();
        const std::uint32_t value = span.cases[middle].value;
        out.jump_if(Condition::GreaterEqual, Reg::Value, value, upper);
        waiting.push_back({span.cases.subspan(middle), value, span.high, upper});
        waiting.push_back({span.cases.first(middle), span.low, value - 1, out.label()}); // next in line: falls through
    }
}

} // namespace

void dispatch_equal(Assembler& out, std::span<const Case> cases, std::uint32_t highest, Label none) {
    constexpr std::size_t kRow = 4; // that many comparisons in a row cost no more than another level
    halve(out, cases, highest, kRow, [&](Span row) {
        for (const Case& one : row.cases) {
            if (row.low == row.high) return out.jump(one.value == row.low ? one.at : none);
            out.jump_if(Condition::Equal, Reg::Value, one.value, one.at);
            if (one.value == row.low)
                ++row.low;
            else if (one.value == row.high)
                --row.high;
        }
        out.jump(none);
    });
}

void dispatch_range(Assembler& out, std::span<const Case> cases) {
    halve(out, cases, ~0U, 1, [&](const Span& one) { out.jump(one.cases[0].at); });
}

} // namespace xtbpf::codegen

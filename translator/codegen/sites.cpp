// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/sites.hpp"

namespace xtbpf::codegen {

void Sites::dispatch(Assembler& out, Label none) const {
    struct Span {
        std::size_t begin, end;
        Label at;
    };
    std::vector<Span> waiting{{0, sites_.size(), out.label()}};
    while (!waiting.empty()) {
        const Span span = waiting.back();
        waiting.pop_back();
        out.place(span.at);
        if (span.end - span.begin <= 1) {
            if (span.begin < span.end)
                out.jump_if(Condition::Equal, Reg::Value, sites_[span.begin].number, sites_[span.begin].at);
            out.jump(none);
            continue;
        }
        const std::size_t middle = (span.begin + span.end) / 2;
        const Label upper = out.label();
        out.jump_if(Condition::GreaterEqual, Reg::Value, sites_[middle].number, upper);
        waiting.push_back({middle, span.end, upper});
        waiting.push_back({span.begin, middle, out.label()}); // next in line: falls through
    }
}

} // namespace xtbpf::codegen

// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions that answer for one of the kernel's matches (translator/native_match.hpp).
#include "translator/codegen/predicates.hpp"
#include "translator/native_answer.h"

#include <cstddef>
#include <utility>

namespace xtbpf::codegen {

// Comes back with an enum xt_answer in Result.
void PredicateWriter::call_native(const NativeMatch::Call& call) {
    constexpr std::array kArguments{Reg::Arg3, Reg::Arg4, Reg::Arg5};
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    for (std::size_t at = 0; at < kArguments.size(); ++at)
        out_.load64(kArguments[at], call.arguments[at]);
    out_.call(call.function);
}

void PredicateWriter::header_test(const NativeMatch::Header& header, const Answers& to) {
    const Label here = out_.label();
    const auto place = offsetof(xt_view, ext_at) + sizeof(std::uint16_t) * static_cast<std::size_t>(header.extension);
    out_.load(Reg::Value, Reg::View, offsetof(xt_view, mode), Width::Byte);
    out_.jump_if(Condition::Equal, Reg::Value, XT_MODE_DRY, to.ask);
    out_.load(Reg::Value, Reg::View, static_cast<std::int16_t>(place), Width::Half);
    out_.jump_if(Condition::NotEqual, Reg::Value, 0, here);
    out_.load(Reg::Value, Reg::View, offsetof(xt_view, ext_broken), Width::Byte);
    out_.jump_if(Condition::NotEqual, Reg::Value, 0, to.ask);
    out_.jump(to.no);
    out_.place(here);
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.call("rt_must_ask");
    out_.jump_if(Condition::NotEqual, Reg::Result, 0, to.ask);
    const Exits exits = std::exchange(exits_, {.hotdrop = to.ask, .stop = to.ask});
    for (const ir::Predicate& predicate : header.sure)
        require(predicate, to.ask);
    for (const ir::Predicate& predicate : header.tests)
        require(predicate, to.no);
    exits_ = exits;
    out_.jump(header.asks_then ? to.ask : to.yes);
}

void PredicateWriter::answer(const NativeMatch& native, const Answers& to) {
    if (native.header) return header_test(*native.header, to);
    if (!native.classic.empty()) return classic(native.classic, to);
    for (std::size_t at = 0; at < native.calls.size(); ++at) {
        const bool last = at + 1 == native.calls.size();
        call_native(native.calls[at]);
        out_.jump_if(Condition::Equal, Reg::Result, XT_NO, to.no);
        if (!last) out_.jump_if(Condition::NotEqual, Reg::Result, XT_YES, to.ask);
    }
    out_.jump_if(Condition::Equal, Reg::Result, XT_YES, to.yes);
    out_.jump(to.ask);
}

} // namespace xtbpf::codegen

// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/function_writer.hpp"

#include <cstddef>

namespace xtbpf::codegen {

namespace {

// Prefers what tells rules apart best: an address, then another field, then the protocol.
int rank(const ir::Predicate& predicate) {
    if (std::holds_alternative<ir::AddressTest>(predicate)) return 3;
    if (std::holds_alternative<ir::FieldTest>(predicate)) return 2;
    return 1;
}

// Far below the verifier's million; what is more has chains inside chains inside chains.
constexpr std::size_t kTooLong = 30'000;

} // namespace

FunctionWriter::FunctionWriter(const HookContext& hook, std::uint32_t chain, std::string name, std::uint32_t& last_site)
    : hook_(hook), out_(std::move(name)), sites_(last_site), may_stop_(hook.stops[chain]), verdict_(out_.label()),
      hotdrop_(out_.label()), stop_(out_.label()), defer_(out_.label()), resume_(out_.label()),
      predicates_(out_, hook.table.family, hook.layout.matches, hook.options.clock, sites_,
                  {.hotdrop = hotdrop_, .stop = stop_}) {
    out_.begin(XT_DROP);
    if (hook.layout.deep) {
        out_.load(Reg::Value, Reg::View, offsetof(xt_view, resume), Width::Half);
        out_.jump_if(Condition::NotEqual, Reg::Value, 0, resume_);
    } else if (may_stop_) {
        out_.load(Reg::Value, Reg::View, offsetof(xt_view, depth), Width::Byte);
        out_.jump_if(Condition::NotEqual, Reg::Value, 0, resume_);
    }
}

bool FunctionWriter::knowable(const ir::Predicate& predicate) const {
    return !hook_.options.knowable || hook_.options.knowable(predicate);
}

const ir::Predicate* FunctionWriter::quick_test(const ir::Rule& rule) const {
    const Family family = hook_.table.family;
    const ir::Predicate* best = nullptr;
    for (const ir::Predicate& predicate : rule.predicates) {
        if (PredicateWriter::is_quick(predicate, family) && knowable(predicate) &&
            (!best || rank(predicate) > rank(*best)))
            best = &predicate;
        if (!PredicateWriter::is_pure(predicate, family)) break;
    }
    return best;
}

void FunctionWriter::rows(std::span<const ir::Rule> rules, Label chain_return) {
    while (!rules.empty() && out_.size() <= kTooLong) { // finish() says so
        const Label next = out_.label();
        if (const auto run = leading_run(rules, hook_.table.family, hook_.options.knowable)) {
            prefix_of(*run, next);
            search(*run, next, chain_return);
            out_.place(next);
            rules = rules.subspan(run->rules);
            continue;
        }
        const ir::Rule& one = rules.front();
        rules = rules.subspan(1);
        if (const ir::Predicate* quick = quick_test(one)) {
            const Label block = out_.label();
            predicates_.jump_if_maybe(*quick, block);
            const bool complete = PredicateWriter::is_complete(*quick, hook_.table.family);
            blocks_.push_back({&one, complete ? quick : nullptr, 0, block, next, chain_return});
        } else if (one.predicates.empty() && std::holds_alternative<ir::Jump>(one.action)) {
            const Label block = out_.label();
            out_.jump(block); // not in place: a row of unconditional jumps would nest without end
            blocks_.push_back({&one, nullptr, 0, block, next, chain_return});
        } else {
            rule(one, 0, nullptr, next, chain_return);
        }
        out_.place(next);
    }
}

void FunctionWriter::prefix_of(const Run& run, Label no) {
    for (std::size_t at = 0; at < run.prefix; ++at)
        predicates_.require(run.members.front().rule->predicates[at], no);
}

// Jumps to the block of the first rule that wants the packet's value, from there to the next, and at last to `none`.
void FunctionWriter::search(const Run& run, Label none, Label chain_return) {
    const std::vector<Run::Member>& members = run.members;
    std::vector<Case> cases;
    for (std::size_t at = 0; at < members.size(); ++at) {
        const bool first = at == 0 || members[at - 1].value != members[at].value;
        const bool last = at + 1 == members.size() || members[at + 1].value != members[at].value;
        const Label block = first ? out_.label() : blocks_.back().next;
        if (first) cases.push_back({members[at].value, block});
        blocks_.push_back(
            {members[at].rule, members[at].known, run.prefix, block, last ? none : out_.label(), chain_return});
    }
    out_.load(Reg::Value, Reg::View, run.offset, width_of(run.size));
    dispatch_equal(out_, cases, run.size == 4 ? ~0U : (1U << 8U * run.size) - 1, none);
}

void FunctionWriter::blocks() {
    while (!blocks_.empty()) {
        const Block block = blocks_.front();
        blocks_.pop_front();
        out_.place(block.at);
        rule(*block.rule, block.prefix, block.known, block.next, block.chain_return);
        out_.jump(block.next);
    }
}

void FunctionWriter::rule(const ir::Rule& rule, std::size_t prefix, const ir::Predicate* known, Label next,
                          Label chain_return) {
    bool deferred = false;
    for (const ir::Predicate& predicate : std::span(rule.predicates).subspan(prefix)) {
        if (&predicate == known) continue;
        if (knowable(predicate))
            predicates_.require(predicate, next);
        else
            deferred = true;
    }
    if (deferred) return out_.jump(defer_);
    action(rule, next, chain_return);
}

void FunctionWriter::count(ir::Slot slot) {
    out_.copy(Reg::Arg1, Reg::View);
    out_.move(Reg::Arg2, slot);
    out_.call("rt_count");
}

void FunctionWriter::action(const ir::Rule& rule, Label next, Label chain_return) {
    const auto* off = std::get_if<ir::HandOff>(&rule.action);
    if (off && hook_.options.knowable) return out_.jump(defer_);
    count(rule.slot);
    if (std::holds_alternative<ir::Accept>(rule.action)) {
        out_.return_value(XT_ACCEPT);
    } else if (std::holds_alternative<ir::Drop>(rule.action)) {
        out_.return_value(XT_DROP);
    } else if (std::holds_alternative<ir::Return>(rule.action)) {
        out_.jump(chain_return);
    } else if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) {
        perform(*jump, next, chain_return);
    } else if (off) {
        hand_off(*off, next);
    } else {
        out_.jump(next);
    }
}

void FunctionWriter::hand_off(const ir::HandOff& off, Label next) {
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.move(Reg::Arg3, effect_number(hook_.needs, off.effect));
    out_.call("rt_effect");
    if (ir::after(off.effect) == ir::After::Ends) return out_.return_value(XT_DROP); // unless the kernel has a verdict
    if (stops(hook_.needs, off.effect)) {
        out_.copy(Reg::Arg1, Reg::View);
        out_.move(Reg::Arg2, XT_NO_NEED);
        out_.move(Reg::Arg3, sites_.add(next));
        out_.call("rt_pause"); // 1: don't
        out_.jump_if(Condition::NotEqual, Reg::Result, 1, stop_);
    }
    out_.jump(next);
}

// Goes on with the code that follows if the function returns XT_CONTINUE; Reg::Result is its verdict.
void FunctionWriter::call(const std::string& function, bool may_stop) {
    const Label again = out_.label();
    out_.place(again);
    out_.copy(Reg::Arg1, Reg::Context);
    out_.copy(Reg::Arg2, Reg::View);
    out_.call(function);
    if (!may_stop || hook_.layout.deep) return; // deep: the loop of rt_deep knows what has stopped
    stopped_.push_back({out_.label(), sites_.add(again)});
    out_.jump_if(Condition::Equal, Reg::Result, XT_STOP, stopped_.back().at);
}

void FunctionWriter::perform(const ir::Jump& jump, Label next, Label chain_return) {
    const Label back = jump.is_goto ? chain_return : next;
    if (!hook_.layout.places[jump.chain].function) {
        rows(hook_.table.chains[jump.chain].rules, back);
    } else if (hook_.layout.deep) {
        // The site: a goto's too, as what follows its chain may be the policy.
        out_.store_imm(Reg::View, offsetof(xt_view, callee), static_cast<std::int32_t>(hook_.numbers[jump.chain]),
                       Width::Half);
        out_.store_imm(Reg::View, offsetof(xt_view, site), static_cast<std::int32_t>(sites_.add(back)), Width::Half);
        out_.return_value(XT_CALL);
    } else {
        call(hook_.names[jump.chain], hook_.stops[jump.chain]);
        out_.jump_if(Condition::NotEqual, Reg::Result, XT_CONTINUE, verdict_);
    }
    out_.jump(back);
}

void FunctionWriter::end_of_chain(std::uint32_t chain) {
    const std::optional<ir::Builtin>& builtin = hook_.table.chains[chain].builtin;
    if (builtin) count(builtin->slot);
    out_.return_value(!builtin ? XT_CONTINUE : builtin->accept ? XT_ACCEPT : XT_DROP);
}

void FunctionWriter::whole_chain(std::uint32_t chain) {
    const Label chain_return = out_.label();
    rows(hook_.table.chains[chain].rules, chain_return);
    out_.place(chain_return);
    end_of_chain(chain);
    blocks();
    resume();
}

void FunctionWriter::part_of_chain(std::span<const ir::Rule> rules) {
    const Label chain_return = out_.label();
    rows(rules, chain_return);
    out_.return_value(XT_CONTINUE);
    out_.place(chain_return);
    out_.return_value(XT_RETURN);
    blocks();
    resume();
}

void FunctionWriter::calls_of_parts(std::uint32_t chain, std::span<const Part> parts) {
    const Label chain_return = out_.label();
    std::vector<Label> calls;
    for (const Part& part : parts) {
        calls.push_back(out_.label());
        out_.place(calls.back());
        call(part.name, may_stop_);
        out_.jump_if(Condition::Equal, Reg::Result, XT_RETURN, chain_return);
        out_.jump_if(Condition::NotEqual, Reg::Result, XT_CONTINUE, verdict_);
    }
    out_.place(chain_return);
    end_of_chain(chain);
    if (!hook_.layout.deep) return resume();
    out_.place(resume_); // the site is a part's: that one goes on
    for (std::size_t at = 0; at < parts.size(); ++at)
        out_.jump_if(Condition::LessEqual, Reg::Value, parts[at].last_site, calls[at]);
    out_.return_value(XT_DROP);
}

// Where a function goes on that was left by XT_CALL or XT_STOP. A site that isn't here can't be asked for; it would be
// dropped.
void FunctionWriter::resume() {
    if (!hook_.layout.deep && !may_stop_) return;
    const Label none = out_.label();
    out_.place(resume_);
    if (hook_.layout.deep) {
        out_.store_imm(Reg::View, offsetof(xt_view, resume), 0, Width::Half);
    } else {
        static_assert((XT_MOST_SITES & (XT_MOST_SITES - 1)) == 0);
        out_.alu(BPF_SUB, Reg::Value, 1);
        out_.store(Reg::View, offsetof(xt_view, depth), Reg::Value, Width::Byte);
        out_.alu(BPF_AND, Reg::Value, XT_MOST_SITES - 1);
        out_.copy(Reg::Other, Reg::View);
        out_.alu64(BPF_ADD, Reg::Other, Reg::Value);
        out_.alu64(BPF_ADD, Reg::Other, Reg::Value); // two bytes each
        out_.load(Reg::Value, Reg::Other, offsetof(xt_view, where), Width::Half);
    }
    sites_.dispatch(out_, none);
    out_.place(none);
    out_.return_value(XT_DROP);
}

Result<Function> FunctionWriter::finish() && {
    const bool early = static_cast<bool>(hook_.options.knowable);
    out_.place(verdict_);
    out_.exit();
    out_.place(hotdrop_);
    out_.return_value(early ? XT_DEFER : XT_DROP);
    for (const Stopped& stopped : stopped_) {
        out_.place(stopped.at);
        out_.copy(Reg::Arg1, Reg::View);
        out_.move(Reg::Arg2, stopped.site);
        out_.call("rt_stopped");
        out_.jump(stop_);
    }
    out_.place(stop_);
    out_.return_value(XT_STOP);
    out_.place(defer_);
    out_.return_value(XT_DEFER);
    if (out_.size() > kTooLong)
        return fail(ErrorKind::Refused, "the chains nest too deep to be compiled: one function would take more than " +
                                            std::to_string(kTooLong) + " instructions");
    return std::move(out_).finish();
}

} // namespace xtbpf::codegen

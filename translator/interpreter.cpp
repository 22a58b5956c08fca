// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/interpreter.hpp"

#include "translator/chains.hpp"
#include "translator/effects.hpp"

namespace xtbpf {

namespace {

// What a matched rule does to the walk.
enum class Next : std::uint8_t { Rule, Chain, Return, End };

// One walk over a table, shaped as ipt_do_table (net/ipv4/netfilter/ip_tables.c): a position, a stack of the rules to
// go on with after a jump's return, and the built-in chain's policy as the underflow.
class Walk {
  public:
    Walk(const ir::Table& table, Hook hook, const xt_view& view, std::span<const std::uint8_t> bytes,
         const Environment& env)
        : table_(table), view_(view), bytes_(bytes), env_(env), hook_(hook) {}

    Trace run(std::uint32_t builtin) {
        at_ = {builtin, 0};
        while (true) {
            const ir::Chain& chain = table_.chains[at_.chain];
            if (at_.rule == chain.rules.size()) {
                // The rule at a built-in chain's end is its policy; at a user chain's end an unconditional RETURN.
                if (chain.builtin || !pop()) return policy(builtin);
                continue;
            }
            const ir::Rule& rule = chain.rules[at_.rule];
            const Outcome outcome = matches(rule);
            if (outcome == Outcome::Unknown && changes_nothing(rule.action)) {
                ++at_.rule;
                continue;
            }
            if (outcome == Outcome::Hotdrop || outcome == Outcome::Unknown) {
                (outcome == Outcome::Hotdrop ? trace_.hotdrop : trace_.unknown) = true;
                return trace_;
            }
            if (outcome == Outcome::False) {
                ++at_.rule;
                continue;
            }
            trace_.path.push_back(rule.slot);
            switch (act(rule.action)) {
            case Next::Rule: ++at_.rule; break;
            case Next::Chain: break;
            case Next::Return:
                if (!pop()) return policy(builtin);
                break;
            case Next::End: return trace_;
            }
        }
    }

  private:
    struct Position {
        std::uint32_t chain = 0;
        std::size_t rule = 0;
    };

    // Whether the walk and the packet are the same afterwards, be the rule true or false.
    static bool changes_nothing(const ir::Action& action) {
        if (const auto* off = std::get_if<ir::HandOff>(&action))
            return ir::after(off->effect) == ir::After::Next && ir::writes(off->effect) == 0;
        return std::holds_alternative<ir::Continue>(action);
    }

    Outcome evaluate(const ir::Predicate& predicate) const {
        if (env_.judge)
            if (const auto judged = env_.judge(predicate)) return *judged;
        return xtbpf::evaluate(predicate, table_.family, view_, bytes_, env_);
    }

    // A rule with an unknown predicate is false all the same if another one is.
    Outcome matches(const ir::Rule& rule) const {
        std::optional<std::size_t> unknown;
        for (std::size_t at = 0; at < rule.predicates.size(); ++at) {
            const Outcome outcome = evaluate(rule.predicates[at]);
            if (outcome == Outcome::False || (outcome == Outcome::Hotdrop && !unknown)) return tell(outcome, at);
            if (outcome != Outcome::True && !unknown) unknown = at;
        }
        return unknown ? tell(Outcome::Unknown, *unknown) : tell(Outcome::True, rule.predicates.size());
    }

    Outcome tell(Outcome outcome, std::size_t deciding) const {
        if (env_.step) env_.step({at_.chain, at_.rule, stack_.size(), outcome, deciding});
        return outcome;
    }

    Next act(const ir::Action& action) {
        if (std::holds_alternative<ir::Accept>(action)) return end(true);
        if (std::holds_alternative<ir::Drop>(action)) return end(false);
        if (std::holds_alternative<ir::Return>(action)) return Next::Return;
        if (const auto* jump = std::get_if<ir::Jump>(&action)) return enter(*jump);
        if (const auto* off = std::get_if<ir::HandOff>(&action)) {
            if (!needs_ && !env_.needs) needs_ = hook_needs(table_, hook_);
            trace_.effects.push_back(effect_number(env_.needs ? *env_.needs : *needs_, off->effect));
            if (env_.effect) env_.effect(off->effect);
            if (ir::ends(off->effect)) return end(false);
        }
        return Next::Rule;
    }

    Next end(bool accept) {
        trace_.accept = accept;
        return Next::End;
    }

    // The kernel refuses tables whose chains loop and sizes the stack by the number of chains, dropping what would
    // overflow it (here link() of frontend/lower.hpp refuses them). An unchecked table (a fuzzer's) ends here too, by the same bound and
    // one on all steps.
    Next enter(const ir::Jump& jump) {
        if (++entered_ > kMostEntered || stack_.size() > table_.chains.size()) return end(false);
        if (!jump.is_goto) stack_.push_back({at_.chain, at_.rule + 1});
        at_ = {jump.chain, 0};
        return Next::Chain;
    }

    bool pop() {
        if (stack_.empty()) return false;
        at_ = stack_.back();
        stack_.pop_back();
        return true;
    }

    Trace policy(std::uint32_t builtin) {
        const ir::Builtin& end = *table_.chains[builtin].builtin;
        if (env_.step) env_.step({builtin, table_.chains[builtin].rules.size(), 0, Outcome::True, 0});
        trace_.accept = end.accept;
        trace_.path.push_back(end.slot);
        return trace_;
    }

    static constexpr std::size_t kMostEntered = 1U << 20;

    const ir::Table& table_;
    const xt_view& view_;
    std::span<const std::uint8_t> bytes_;
    const Environment& env_;
    Hook hook_;
    std::optional<HookNeeds> needs_; // numbering, once an effect asks for it
    Position at_;
    std::vector<Position> stack_;
    std::size_t entered_ = 0;
    Trace trace_;
};

} // namespace

Trace interpret(const ir::Table& table, Hook hook, const xt_view& view, std::span<const std::uint8_t> bytes,
                const Environment& env) {
    const auto builtin = builtin_chain(table, hook);
    if (!builtin) return Trace{.accept = true, .path = {}, .effects = {}};
    return Walk(table, hook, view, bytes, env).run(*builtin);
}

std::uint32_t dry_run_answer(const Trace& trace) {
    xt_view result{};
    for (ir::Slot slot : trace.path)
        result.path_hash = xt_path_mix(result.path_hash, slot);
    for (std::uint32_t effect : trace.effects)
        result.effect_hash = xt_path_mix(result.effect_hash, effect);
    return xt_dry_result(&result, trace.accept ? XT_ACCEPT : XT_DROP);
}

} // namespace xtbpf

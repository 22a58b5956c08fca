// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/image_walk.hpp"

#include "translator/chains.hpp"
#include "translator/effects.hpp"
#include "translator/interpreter.hpp"

namespace xtbpf::testing {

namespace {

class Run {
  public:
    Run(const ir::Table& table, const classify::Image& image, Hook hook, xt_view& view,
        std::span<const std::uint8_t> bytes)
        : table_(table), image_(image), needs_(hook_needs(table, hook)), view_(view), bytes_(bytes) {}

    // XT_CONTINUE where the chain returns.
    int chain(std::uint32_t number) {
        if (!image_.numbers[number]) {
            for (const ir::Rule& one : table_.chains[number].rules) {
                const int verdict = rule(one);
                if (verdict == XT_RETURN) return XT_CONTINUE;
                if (verdict != XT_CONTINUE) return verdict;
            }
            return XT_CONTINUE;
        }
        xt_place place{};
        classify::WalkResult walk = classify::start(image_, view_, place, *image_.numbers[number]);
        while (walk.result >= XT_WALK_GUARD) {
            const classify::Guard& guard = image_.guards[static_cast<std::size_t>(walk.result - XT_WALK_GUARD)];
            const int verdict = rule(table_.chains[guard.chain].rules[guard.rule]);
            if (verdict != XT_CONTINUE && verdict != XT_RETURN) return verdict;
            walk = classify::resume(image_, view_, place, verdict == XT_RETURN);
        }
        if (walk.result == XT_WALK_HOTDROP) return XT_DROP;
        return walk.result == XT_RETURN ? static_cast<int>(XT_CONTINUE) : walk.result;
    }

  private:
    int rule(const ir::Rule& rule) {
        for (const ir::Predicate& predicate : rule.predicates) {
            const Outcome outcome = evaluate(predicate, table_.family, view_, bytes_, {});
            if (outcome == Outcome::Hotdrop) return XT_DROP;
            if (outcome == Outcome::False) return XT_CONTINUE;
        }
        view_.path_hash = xt_path_mix(view_.path_hash, rule.slot);
        if (std::holds_alternative<ir::Accept>(rule.action)) return XT_ACCEPT;
        if (std::holds_alternative<ir::Drop>(rule.action)) return XT_DROP;
        if (std::holds_alternative<ir::Return>(rule.action)) return XT_RETURN;
        if (const auto* off = std::get_if<ir::HandOff>(&rule.action)) {
            view_.effect_hash = xt_path_mix(view_.effect_hash, effect_number(needs_, off->effect));
            return ir::after(off->effect) == ir::After::Ends ? XT_DROP : XT_CONTINUE;
        }
        const auto* jump = std::get_if<ir::Jump>(&rule.action);
        if (!jump) return XT_CONTINUE;
        const int verdict = chain(jump->chain);
        return verdict == XT_CONTINUE && jump->is_goto ? static_cast<int>(XT_RETURN) : verdict;
    }

    const ir::Table& table_;
    const classify::Image& image_;
    HookNeeds needs_;
    xt_view& view_;
    std::span<const std::uint8_t> bytes_;
};

} // namespace

std::uint32_t walk_dry_run(const ir::Table& table, const classify::Image& image, Hook hook, xt_view view,
                           std::span<const std::uint8_t> bytes) {
    view.path_hash = view.effect_hash = 0;
    const std::uint32_t root = *builtin_chain(table, hook);
    int verdict = Run(table, image, hook, view, bytes).chain(root);
    if (verdict == XT_CONTINUE) {
        const ir::Builtin& policy = *table.chains[root].builtin;
        view.path_hash = xt_path_mix(view.path_hash, policy.slot);
        verdict = policy.accept ? XT_ACCEPT : XT_DROP;
    }
    return xt_dry_result(&view, static_cast<std::uint32_t>(verdict));
}

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/image_walk.hpp"

#include "translator/effects.hpp"
#include "translator/interpreter.hpp"

namespace xtbpf::testing {

classify::Image whole_image(const ir::Table& table, const std::optional<classify::RoomPlan>& room) {
    std::vector<HookNeeds> needs;
    std::vector<classify::Root> roots;
    needs.reserve(kHooks);
    for (Hook hook : hooks_of(table.id)) {
        needs.push_back(hook_needs(table, hook));
        roots.push_back({hook, &needs.back()});
    }
    return classify::build_image(table, roots, room).value();
}

std::uint32_t walk_dry_run(const ir::Table& table, const classify::Image& image, Hook hook, xt_view view,
                           std::span<const std::uint8_t> bytes, Random* stops) {
    view.path_hash = view.effect_hash = 0;
    view.hook = static_cast<__u8>(hook);
    const auto pause = [&](std::uint16_t site) {
        if (!stops || !stops->percent(50)) return false;
        view.where.place.site = site;
        view.depth = 1;
        return true;
    };
    classify::Helpers helpers;
    helpers.guard = [&](const classify::Guard& guard) -> int {
        if (view.resume == 0 && pause(1)) return XT_STOP;
        view.resume = 0;
        const ir::Rule& rule = table.chains[guard.chain].rules[guard.rule];
        for (std::size_t at = guard.from; at < rule.predicates.size(); ++at) {
            const Outcome outcome = evaluate(rule.predicates[at], table.family, view, bytes, {});
            if (outcome == Outcome::Hotdrop) return XT_DROP;
            if (outcome == Outcome::False) return XT_CONTINUE;
        }
        return XT_ACCEPT;
    };
    helpers.effect = [&](std::uint32_t number) { view.effect_hash = xt_path_mix(view.effect_hash, number); };
    helpers.pause = [&] { return !pause(XT_SITE_BEHIND); };
    int verdict = XT_STOP;
    while (verdict == XT_STOP)
        verdict = classify::walk(image, view, helpers).result;
    return xt_dry_result(&view, static_cast<std::uint32_t>(verdict));
}

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/moving.hpp"

#include "frontend/xtbpf/explain/rules.hpp"

#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

constexpr std::array kOthers{Variant::Legacy, Variant::Nft};

// A target or match that makes our chains stand in a table that iptables-nft takes for its own (kmod-shim/hook_chains.hpp).
const std::string* tied(const ir::Rule& rule) {
    if (const auto* off = std::get_if<ir::HandOff>(&rule.action))
        if (const auto* target = std::get_if<ir::KernelTarget>(&off->effect); target && target->tied)
            return &target->name;
    for (const ir::Predicate& predicate : rule.predicates)
        if (const auto* match = std::get_if<ir::KernelMatch>(&predicate); match && match->tied) return &match->name;
    return nullptr;
}

// iptables-nft can't read such a table, so it could neither say what it has nor give it up.
Result<void> bearable_for_nft(const Saved& saved) {
    for (const Family family : kFamilies) {
        const auto rules = rules_of_text(restore_text(saved[static_cast<std::size_t>(family)]), family);
        if (!rules) return std::unexpected(rules.error());
        for (const RuleTable& table : *rules)
            for (const ir::Chain& chain : table.program.chains)
                for (const ir::Rule& rule : chain.rules)
                    if (const std::string* word = tied(rule))
                        return fail(
                            ErrorKind::Refused,
                            fmt::format("{} stands in chain {} of {}: ours would share that table with iptables-nft, "
                                        "which can't read it then; nothing was moved",
                                        *word, chain.name, name(table.stored.id)));
    }
    return {};
}

// Restores all families, or none: what went in before an error is taken out again.
Result<void> put_in_force(Variant to, const Saved& rules) {
    for (const Family family : kFamilies) {
        const auto& tables = rules[static_cast<std::size_t>(family)];
        if (tables.empty()) continue;
        Result<void> done = restore(to, family, restore_text(tables));
        if (done) continue;
        (void)take_away(to, rules);
        return done;
    }
    return {};
}

} // namespace

Result<Variant> source(std::optional<Variant> chosen) {
    if (chosen) return *chosen;
    std::optional<Variant> found;
    for (const Variant variant : kOthers) {
        const auto saved = save(variant);
        if (!saved) return std::unexpected(saved.error());
        if (idle(*saved)) continue;
        if (found)
            return fail(ErrorKind::Refused,
                        "both iptables-legacy and iptables-nft have rules, and a packet has to pass both: "
                        "choose whose to move with --from; the others stay");
        found = variant;
    }
    if (!found) return fail(ErrorKind::Refused, "neither iptables-legacy nor iptables-nft has any rules");
    return *found;
}

Result<Variant> destination(std::optional<Variant> chosen) {
    if (chosen) return *chosen;
    for (const Variant variant : kOthers) {
        const auto saved = save(variant);
        if (!saved) return std::unexpected(saved.error());
        for (const auto& tables : *saved)
            if (!tables.empty()) return variant;
    }
    return fail(ErrorKind::Refused, "neither iptables-legacy nor iptables-nft has tables: say which with --to");
}

Result<void> move_rules(Variant from, Variant to) {
    const auto there = save(to);
    if (!there) return std::unexpected(there.error());
    if (!idle(*there))
        return fail(ErrorKind::Refused, fmt::format("iptables-{} has rules already; they would be lost", name(to)));
    const auto first = save(from);
    if (!first) return std::unexpected(first.error());
    if (from == Variant::Nft || to == Variant::Nft)
        if (auto bearable = bearable_for_nft(*first); !bearable) return bearable;
    for (const Family family : kFamilies) {
        const auto& tables = (*first)[static_cast<std::size_t>(family)];
        if (tables.empty()) continue;
        if (auto tried = restore(to, family, restore_text(tables), How::Test); !tried) return tried;
    }
    const auto now = save(from); // trying took a while: the counters go on
    if (!now) return std::unexpected(now.error());
    if (auto done = put_in_force(to, *now); !done) return done;
    // Whoever edits the old rules while they move would lose that.
    const auto again = save(from);
    if (!again || without_counters(*again) != without_counters(*now)) {
        if (auto undone = take_away(to, *now); !undone) return undone;
        if (!again) return std::unexpected(again.error());
        return fail(ErrorKind::Refused, "somebody has changed the rules meanwhile: nothing was moved");
    }
    return take_away(from, *again);
}

Result<void> undo_move(Variant from, Variant to, const Saved& before) {
    const auto now = save(from), there = save(to);
    if (!now) return std::unexpected(now.error());
    if (!there) return std::unexpected(there.error());
    if (idle(*now) && !idle(*there)) return {}; // it never began, or somebody was quicker
    for (const Family family : kFamilies) {
        const auto at = static_cast<std::size_t>(family);
        const auto tables = merged((*now)[at], before[at]);
        if (tables.empty()) continue;
        if (auto done = restore(to, family, restore_text(tables)); !done) return done;
    }
    return take_away(from, *now);
}

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/moving.hpp"

#include "frontend/xtbpf/explain/rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

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

// Without counters; empty if it could as well not be there. In our words, as each variant has its own for the same rule.
Result<std::map<std::string, std::string>> tables_in_use(const Saved& saved) {
    std::map<std::string, std::string> found;
    for (const Family family : kFamilies) {
        const auto& tables = saved[static_cast<std::size_t>(family)];
        const auto rules = rules_of_text(restore_text(tables), family);
        if (!rules) return std::unexpected(rules.error());
        for (const RuleTable& table : *rules) {
            const auto text = std::ranges::find(tables, name(table.stored.id), &SavedTable::name);
            if (text == tables.end() || text->idle()) continue;
            std::string& all = found[fmt::format("{} {}", name(family), name(table.stored.id))];
            for (const StoredChain& chain : table.stored.chains) {
                all += fmt::format(":{} {}\n", chain.name, chain.accept.value_or(false));
                for (const StoredRule& rule : chain.rules)
                    all += rule.text + "\n";
            }
        }
    }
    return found;
}

// Whether a move between these two was killed: it puts table after table in force here and then takes them away there, so that
// one of both has them all and the other some of them.
bool cut_off(const Saved& one, const Saved& other) {
    const auto here = tables_in_use(one), there = tables_in_use(other);
    if (!here || !there || here->empty() || there->empty()) return false;
    const auto within = [](const auto& all, const auto& some) { return std::ranges::includes(all, some); };
    return within(*here, *there) || within(*there, *here);
}

// Those tables of `saved` that `there` has no rules in.
Saved missing(const Saved& saved, const Saved& there) {
    Saved out = saved;
    for (const Family family : kFamilies) {
        const auto& has = there[static_cast<std::size_t>(family)];
        std::erase_if(out[static_cast<std::size_t>(family)], [&](const SavedTable& table) {
            const auto found = std::ranges::find(has, table.name, &SavedTable::name);
            return found != has.end() && !found->idle();
        });
    }
    return out;
}

Result<void> movable(Variant from, const Saved& rules, Variant to, const Saved& there) {
    if (!idle(there) && !cut_off(rules, there))
        return fail(ErrorKind::Refused, fmt::format("iptables-{} has rules already; they would be lost", name(to)));
    if (from == Variant::Nft || to == Variant::Nft)
        if (auto bearable = bearable_for_nft(rules); !bearable) return bearable;
    for (const Family family : kFamilies) {
        const auto& tables = rules[static_cast<std::size_t>(family)];
        if (tables.empty()) continue;
        if (auto tried = restore(to, family, restore_text(tables), How::Test); !tried) return tried;
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
    std::optional<Error> unread;
    bool several = false;
    for (const Variant variant : kOthers) {
        const auto saved = save(variant);
        if (!saved)
            unread = saved.error();
        else if (!idle(*saved)) {
            several = found.has_value();
            found = variant;
        }
    }
    if (several)
        return fail(ErrorKind::Refused,
                    "both iptables-legacy and iptables-nft have rules, and a packet has to pass both: "
                    "choose whose to move with --from; the others stay");
    if (found && !unread) return *found;
    // A table of ours that has to have iptables' name is one that iptables-nft can't read (bearable_for_nft).
    const auto ours = save(Variant::Bpf), others = found ? save(*found) : Result<Saved>(Saved{});
    if (!ours) return std::unexpected(ours.error());
    if (!others) return std::unexpected(others.error());
    if (found && cut_off(*others, *ours)) return *found;
    if (!found && !idle(*ours))
        return fail(ErrorKind::Refused, "iptables-bpf has rules already, and no others are there to be moved");
    if (unread) return std::unexpected(*unread);
    return fail(ErrorKind::Refused, "neither iptables-legacy nor iptables-nft has any rules");
}

Result<Variant> destination(std::optional<Variant> chosen) {
    if (chosen) return *chosen;
    const auto ours = save(Variant::Bpf);
    if (!ours) return std::unexpected(ours.error());
    if (idle(*ours)) return fail(ErrorKind::Refused, "iptables-bpf has no rules to move");
    std::optional<Variant> found;
    bool several = false;
    for (const Variant variant : kOthers) {
        const auto saved = save(variant);
        if (!saved) continue; // rules can't go where they can't be read
        if (cut_off(*ours, *saved)) return variant;
        if (std::ranges::all_of(*saved, &std::vector<SavedTable>::empty) || !idle(*saved)) continue;
        several = found.has_value();
        found = variant;
    }
    if (several)
        return fail(ErrorKind::Refused, "both iptables-legacy and iptables-nft have empty tables: say which with --to");
    if (!found)
        return fail(ErrorKind::Refused,
                    "neither iptables-legacy nor iptables-nft has empty tables: say which with --to");
    return *found;
}

Result<void> movable(Variant from, Variant to) {
    const auto there = save(to);
    if (!there) return std::unexpected(there.error());
    const auto first = save(from);
    if (!first) return std::unexpected(first.error());
    return movable(from, *first, to, *there);
}

Result<void> move_rules(Variant from, Variant to) {
    const auto there = save(to);
    if (!there) return std::unexpected(there.error());
    const auto first = save(from);
    if (!first) return std::unexpected(first.error());
    if (auto can = movable(from, *first, to, *there); !can) return can;
    const auto now = save(from); // trying took a while: the counters go on
    if (!now) return std::unexpected(now.error());
    const Saved wanted = missing(*now, *there);
    if (auto done = put_in_force(to, wanted); !done) return done;
    // Whoever edits the old rules while they move would lose that.
    const auto again = save(from);
    if (!again || without_counters(*again) != without_counters(*now)) {
        if (auto undone = take_away(to, wanted); !undone) return undone;
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

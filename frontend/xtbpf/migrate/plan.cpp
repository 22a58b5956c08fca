// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/plan.hpp"

#include "frontend/xtbpf/explain/rules.hpp"
#include "frontend/xtbpf/report.hpp"
#include "frontend/xtbpf/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>

namespace xtbpf::tool {

namespace {

std::string words(const Tally& tally) {
    std::string text;
    for (const auto& [word, count] : tally)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    return text;
}

void chain(std::string& text, const Placement& placement) {
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "    {}: {} at the netfilter hook{}", name(placement.hook), counted(placement.rules, "rule"),
                   placement.early ? ", some packets dropped before it" : "");
    if (!placement.matches.empty()) fmt::format_to(out, "; asked of the kernel: {}", words(placement.matches));
    if (!placement.effects.empty()) fmt::format_to(out, "; done by the kernel: {}", words(placement.effects));
    text += "\n";
}

} // namespace

Result<std::string> plan(Variant from, const Saved& saved) {
    std::string text = fmt::format("The rules of iptables-{} would move to iptables-bpf:\n", name(from));
    std::set<std::string> sets;
    for (const Family family : kFamilies) {
        const auto& tables = saved[static_cast<std::size_t>(family)];
        sets.merge(sets_used(tables));
        const auto rules = rules_of_text(restore_text(tables), family);
        if (!rules) return std::unexpected(rules.error());
        Status status; // as if they were in force
        for (const RuleTable& table : *rules) {
            TableStatus& one = status.tables.emplace_back();
            one.family = family;
            one.table = table.stored.id;
            one.rules = table.stored;
        }
        const Report told = report(std::move(status));
        for (std::size_t at = 0; at < rules->size(); ++at) {
            const std::string_view command = family == Family::V4 ? "iptables" : "ip6tables";
            const std::string_view table = name((*rules)[at].stored.id);
            for (const SavedTable& each : tables)
                if (each.name == table)
                    text += fmt::format("  {} -t {}: {} in {}\n", command, table, counted(each.rules(), "rule"),
                                        counted(each.chains(), "chain"));
            for (const Placement& placement : told.placements[at])
                chain(text, placement);
        }
    }
    if (!sets.empty())
        text += fmt::format("  ipsets asked or filled by rules, which stay as they are: {}\n", fmt::join(sets, ", "));
    return text;
}

} // namespace xtbpf::tool

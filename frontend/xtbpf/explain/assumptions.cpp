// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/assumptions.hpp"

#include "frontend/numbers.hpp"
#include "frontend/xtbpf/words.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

const ir::Rule* find_rule(const Rules& rules, std::string_view name) {
    const std::size_t first = name.find(':'), last = name.rfind(':');
    if (first == std::string_view::npos || first == last) return nullptr;
    const auto table = table_by_name(name.substr(0, first));
    const std::string_view chain = name.substr(first + 1, last - first - 1);
    const auto number = parse_number(name.substr(last + 1), 1, ~0U);
    for (const RuleTable& each : rules)
        for (const ir::Chain& found : each.program.chains)
            if (each.program.id == table && found.name == chain && number && *number <= found.rules.size())
                return &found.rules[*number - 1];
    return nullptr;
}

} // namespace

Result<Assumptions> Assumptions::parse(const std::vector<std::string>& texts, const Rules& rules) {
    Assumptions out;
    for (const std::string_view text : texts) {
        const std::size_t equals = text.rfind('=');
        const std::string_view word = text.substr(0, equals == std::string_view::npos ? 0 : equals);
        const std::string_view answer = text.substr(equals == std::string_view::npos ? 0 : equals + 1);
        if (answer != "yes" && answer != "no")
            return fail(ErrorKind::BadParameter, fmt::format("--assume {}: ends neither in yes nor in no", text));
        const bool yes = answer == "yes";
        if (word.empty()) {
            out.all_ = yes;
        } else if (word.find(':') == std::string_view::npos) {
            out.words_[std::string(word)] = yes;
        } else {
            const ir::Rule* rule = find_rule(rules, word);
            if (rule == nullptr) return fail(ErrorKind::BadParameter, fmt::format("--assume {}: no such rule", text));
            for (const ir::Predicate& predicate : rule->predicates)
                out.rules_[&predicate] = yes;
        }
    }
    return out;
}

std::optional<bool> Assumptions::ask(const ir::Predicate& predicate) const {
    if (const auto found = rules_.find(&predicate); found != rules_.end()) return found->second;
    if (const auto found = words_.find(subject_word(predicate)); found != words_.end()) return found->second;
    return all_;
}

} // namespace xtbpf::tool

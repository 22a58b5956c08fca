// SPDX-License-Identifier: GPL-2.0-or-later
// Drives one extension through its options as the rule parser does, and writes down all that it says: for the tables of
// tests/unit/extensions_*_test.cpp.
#pragma once

#include "frontend/extension.hpp"

#include <gtest/gtest.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::test {

struct Case {
    std::string_view words; // "-p tcp -m tcp --sport 1" or "-j REJECT ..."; double quotes group; `6:` before it: IPv6;
                            // `-t nat` as the first words: another table than filter
    std::string_view save;  // what save prints after "-m NAME" or "-j NAME"; with `error`: unused
    std::string_view list;  // -L; nullptr data: not looked at
    std::string_view numeric; // -L -n; the same as `list` if empty
    std::string_view lowered; // predicates, joined by "; ", or the action
};

struct Refusal {
    std::string_view words;
    std::string_view error; // of option() or finish(); or, with kind Refused, of check()
};

void check(std::span<const Case> cases);
void check(std::span<const Refusal> refusals);

// One predicate or action as short text.
std::string describe(const ir::Predicate& predicate);
std::string describe(const ir::Action& action);

// The matches and the target of `words`, fully parsed, with their rule's context.
struct Parsed {
    RuleContext rule;
    std::vector<std::unique_ptr<Match>> matches;
    std::vector<const MatchDef*> match_defs;
    std::unique_ptr<Target> target;
    const TargetDef* target_def = nullptr;
    // the last of them, which the case is about
    const Extension& extension() const { return target ? static_cast<const Extension&>(*target) : *matches.back(); }
    const KernelLimits& limits() const { return target ? target_def->limits : match_defs.back()->limits; }
};
Result<Parsed> parse(std::string_view words, std::string* warnings = nullptr);

} // namespace xtbpf::test

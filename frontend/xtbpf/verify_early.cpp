// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/verify_early.hpp"

#include "datapath/early_check.hpp"
#include "datapath/early_program.hpp"
#include "datapath/early_stage.hpp"
#include "frontend/xtbpf/explain/rules.hpp"
#include "translator/early_walk.hpp"
#include "translator/knowable.hpp"
#include "translator/probes.hpp"

#include <algorithm>
#include <array>

namespace xtbpf::tool {

namespace {

constexpr int kTries = 5;

using FamilyTables = std::array<std::vector<ir::Table>, 2>; // of each family, those in force

std::size_t count_rules(const ir::Table& table) {
    std::size_t rules = 0;
    for (const ir::Chain& chain : table.chains)
        rules += chain.rules.size();
    return rules;
}

// A long table is left to the exact stage (early_stage.hpp): here too it only defers, which takes no time to walk.
Result<FamilyTables> tables_in_force() {
    FamilyTables tables;
    for (const Family family : {Family::V4, Family::V6}) {
        const auto rules = rules_in_force(family);
        if (!rules) return std::unexpected(rules.error());
        for (const RuleTable& each : *rules)
            tables[static_cast<std::size_t>(family)].push_back(
                count_rules(each.program) > early::kMostRules ? deferring(each.program) : each.program);
    }
    return tables;
}

// Where only the kernel can tell, the answer mustn't matter: the program knows neither.
bool dropped_so(std::span<const ir::Table> tables, Hook hook, const xt_view& view, std::uint32_t path) {
    return std::ranges::all_of(std::array{true, false}, [&](bool says) {
        Environment environment;
        environment.kernel_match = [says](const ir::KernelMatch&) { return says; };
        environment.limit = [says](const ir::LimitTest&) { return says; };
        environment.count = [says](const ir::CountTest&) { return says; };
        return early_drop(tables, hook, view, environment) == path;
    });
}

// False: there is nothing more to ask.
bool verify_way(const FamilyTables& all, Family family, Hook hook, early::Place place, const Fd& program,
                std::size_t limit, EarlyVerdict& verdict) {
    const std::vector<ir::Table>& tables = all[static_cast<std::size_t>(family)];
    for (const xt_view& view : early_probes(tables, hook, limit)) {
        const auto answer = early::dry_run(place, program.get(), family, hook, view);
        if (!answer)
            verdict.trouble = answer.error().message;
        else if (answer->says == early::Says::Nothing)
            verdict.asked = false;
        if (!answer || !verdict.asked) return false;
        ++verdict.packets;
        if (answer->says == early::Says::Passes) continue;
        ++verdict.drops;
        if (dropped_so(tables, hook, view, answer->path)) continue;
        verdict.trouble = "the program drops, where the rules don't or by another way, " + describe(view, family);
        return false;
    }
    return true;
}

void verify_program(const FamilyTables& tables, early::Place place, std::size_t limit, EarlyVerdict& verdict) {
    const Fd program = early::open_ours(verdict.program);
    if (!program) { // replaced in the meantime
        verdict.asked = false;
        return;
    }
    for (const Family family : {Family::V4, Family::V6})
        for (const Hook hook : {Hook::Input, Hook::Forward})
            if (!verify_way(tables, family, hook, place, program, limit, verdict)) return;
}

Result<std::vector<EarlyVerdict>> verify_once(std::size_t limit) {
    const auto tables = tables_in_force();
    if (!tables) return std::unexpected(tables.error());
    const auto coverage = early::coverage();
    if (!coverage) return std::unexpected(coverage.error());
    std::vector<EarlyVerdict> verdicts;
    for (const early::Coverage& covered : *coverage) {
        if (covered.program == 0) continue;
        const auto known = std::ranges::find(verdicts, covered.program, &EarlyVerdict::program);
        if (known != verdicts.end()) {
            known->devices.push_back(covered.device);
            continue;
        }
        EarlyVerdict& verdict = verdicts.emplace_back();
        verdict.program = covered.program;
        verdict.place = name(covered.place);
        verdict.devices = {covered.device};
        verify_program(*tables, covered.place, limit, verdict);
    }
    return verdicts;
}

} // namespace

// A commit in between would make the rules of one generation meet the programs of another.
Result<std::vector<EarlyVerdict>> verify_early(std::size_t limit) {
    for (int attempt = 1;; ++attempt) {
        const auto before = early::rules_in_force();
        if (!before) return std::unexpected(before.error());
        auto verdicts = verify_once(limit);
        if (attempt == kTries ||
            (verdicts && std::ranges::all_of(*verdicts, [](const EarlyVerdict& each) { return each.trouble.empty(); })))
            return verdicts;
        const auto after = early::rules_in_force();
        if (after && *after == *before) return verdicts;
    }
}

} // namespace xtbpf::tool

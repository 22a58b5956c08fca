// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/shadow/programs.hpp"

#include "datapath/accounts.hpp"
#include "datapath/counters.hpp"
#include "datapath/exact_programs.hpp"
#include "datapath/self_check.hpp"

#include <algorithm>
#include <map>
#include <memory>

namespace xtbpf::tool {

namespace {

struct Loaded {
    CounterPages counters;
    LimitPages limits;
    ir::Table program; // with the slots that the programs have
    ExactPrograms programs;
};

Result<Loaded> load(const RuleTable& table) {
    Loaded loaded;
    StoredTable stored = table.stored;
    loaded.program = table.program;
    const auto assigned = assign_accounts(stored, loaded.program, nullptr);
    if (!assigned) return std::unexpected(assigned.error());
    if (auto grown = loaded.counters.ensure(assigned->slots); !grown) return std::unexpected(grown.error());
    if (auto grown = loaded.limits.ensure(assigned->states); !grown) return std::unexpected(grown.error());
    auto programs = load_exact(loaded.program, loaded.counters.fds(), loaded.limits.fds());
    if (!programs) return std::unexpected(programs.error());
    loaded.programs = std::move(*programs);
    return loaded;
}

} // namespace

Result<AskLive> load_programs(const Rules& rules) {
    const auto all = std::make_shared<std::map<TableId, Loaded>>();
    for (const RuleTable& table : rules) {
        auto loaded = load(table);
        if (!loaded) return std::unexpected(loaded.error());
        all->emplace(table.stored.id, std::move(*loaded));
    }
    return [all](const RuleTable& table, Hook hook, const xt_view& view,
                 std::span<const std::uint8_t> bytes) -> std::string {
        const auto loaded = all->find(table.stored.id);
        if (loaded == all->end()) return {};
        const auto& hooks = loaded->second.programs.hooks;
        const auto program = std::ranges::find(hooks, hook, &HookPrograms::hook);
        if (program == hooks.end() || program->empty) return {};
        const auto answer = dry_run(program->main.get(), view, bytes);
        if (!answer) return answer.error().message;
        // Both take every answer of the kernel's for yes.
        if (*answer == dry_run_answer(interpret(loaded->second.program, hook, view, bytes))) return {};
        return "the program does otherwise";
    };
}

} // namespace xtbpf::tool

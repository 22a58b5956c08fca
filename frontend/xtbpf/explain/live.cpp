// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/live.hpp"

#include "datapath/loaded_programs.hpp"
#include "datapath/self_check.hpp"
#include "datapath/store.hpp"
#include "translator/chains.hpp"

#include <algorithm>
#include <map>
#include <memory>

namespace xtbpf::tool {

namespace {

struct Loaded {
    std::vector<HookProgram> programs;
    std::uint32_t programless; // as in CurrentStore
};
using Found = std::map<TableId, Result<Loaded>>;

Result<Loaded> look(Family family, TableId table) {
    const auto store = read_store(family, table);
    if (!store) return std::unexpected(store.error());
    if (!*store) return fail(ErrorKind::Refused, "the table isn't there");
    return Loaded{hook_programs(**store), (*store)->programless};
}

} // namespace

AskLive ask_loaded_programs(Family family) {
    return [family, found = std::make_shared<Found>()](const RuleTable& table, Hook hook, const xt_view& view,
                                                       std::span<const std::uint8_t> bytes) -> std::string {
        const TableId id = table.stored.id;
        if (!found->contains(id)) found->emplace(id, look(family, id));
        const auto& loaded = found->at(id);
        if (!loaded) return loaded.error().message;
        if ((loaded->programless & hook_bit(hook)) != 0)
            return accepts_all(table.program, hook) ? "the same" : "DOES OTHERWISE";
        const auto program = std::ranges::find(loaded->programs, hook, &HookProgram::hook);
        if (program == loaded->programs.end()) return "not found";
        const auto answer = dry_run(program->program.get(), view, bytes);
        if (!answer) return answer.error().message;
        // Both take every answer of the kernel's for yes.
        return *answer == dry_run_answer(interpret(table.program, hook, view, bytes)) ? "the same" : "DOES OTHERWISE";
    };
}

} // namespace xtbpf::tool

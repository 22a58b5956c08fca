// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/text/memory_backend.hpp"

#include <stdexcept>

namespace xtbpf {

Result<std::optional<StoredTable>> MemoryBackend::read(Family family, TableId table) {
    const auto found = tables.find({family, table});
    if (found == tables.end()) return std::nullopt;
    return found->second;
}

std::uint64_t MemoryBackend::made(Family family, TableId table) const {
    const auto found = ages.find({family, table});
    return found == ages.end() ? 0 : found->second;
}

Result<void> MemoryBackend::check(StoredTable next, ir::Table program) {
    if (refusal) return std::unexpected(*refusal);
    if (next.chains.size() != program.chains.size()) return fail(ErrorKind::Refused, "chains differ");
    for (std::size_t i = 0; i < next.chains.size(); ++i) {
        if (next.chains[i].name != program.chains[i].name) return fail(ErrorKind::Refused, "chain names differ");
        if (next.chains[i].rules.size() != program.chains[i].rules.size())
            return fail(ErrorKind::Refused, "rules differ");
    }
    return {};
}

Result<void> MemoryBackend::commit(StoredTable next, ir::Table program) {
    if (auto checked = check(next, program); !checked) return checked;
    const auto settle = [&](Account& account) {
        if (account.slot == kNoSlot) account.slot = next_slot_++;
        account.set = false;
        return account.slot;
    };
    for (std::size_t i = 0; i < next.chains.size(); ++i) {
        StoredChain& chain = next.chains[i];
        ir::Chain& lowered = program.chains[i];
        if (chain.accept) lowered.builtin->slot = settle(chain.account);
        for (std::size_t r = 0; r < chain.rules.size(); ++r) {
            Account& account = chain.rules[r].account;
            lowered.rules[r].slot = settle(account);
            for (ir::Predicate& predicate : lowered.rules[r].predicates)
                if (std::uint32_t* state = ir::state_of(predicate)) {
                    if (account.state == kNoSlot) account.state = next_state_++;
                    *state = account.state;
                }
        }
    }
    ++commits;
    const Key key{next.family, next.id};
    ages.try_emplace(key, ages.size());
    tables[key] = std::move(next);
    programs[key] = std::move(program);
    return {};
}

} // namespace xtbpf

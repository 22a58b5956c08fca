// SPDX-License-Identifier: GPL-2.0-or-later
// The seam where the world begins: the frontend reads and commits tables through this; datapath implements it on the
// kernel, tests/unit on memory.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

// A rule that an edit puts into a table in force.
struct LiveRule {
    std::string text; // canonical
    Counters counters;
    ir::Rule lowered;
};

// A long table in force of which single rules are edited without reading, compiling or loading the rest.
class LiveTable {
  public:
    virtual ~LiveTable() = default;

    virtual bool has_chain(std::string_view name) const = 0;

    // hook_bit()s of the built-in chains that lead to the chain, or led to it when the table was last committed as a whole; 0: the
    // chain isn't there, or can't be edited so.
    virtual std::uint32_t hooks(std::string_view chain) const = 0;

    // Of the chain's first rule with this text, or of its rule `number`: the number, from 1 on, and the text. nullopt: it isn't there.
    struct Found {
        std::uint32_t number;
        std::string text;
    };
    virtual std::optional<Found> find(std::string_view chain, std::string_view text) const = 0;
    virtual std::optional<Found> find(std::string_view chain, std::uint32_t number) const = 0;

    // In one step: takes rule `number` out of the chain if `removes`, and puts `rule`, unless it is null, at that place; number 0:
    // behind the last. Else nothing has changed: it can't be done so, or another edit came first and all is to be looked at again.
    enum class Outcome : std::uint8_t { Done, Impossible, Overtaken };
    virtual Outcome edit(std::string_view chain, std::uint32_t number, bool removes, const LiveRule* rule) = 0;
};

class Backend {
  public:
    virtual ~Backend() = default;

    // The table in force in this network namespace, counters included; nullopt if it was never touched.
    virtual Result<std::optional<StoredTable>> read(Family family, TableId table) = 0;

    // When the table that read() gave last came into being; grows from table to table.
    virtual std::uint64_t made(Family family, TableId table) const = 0;

    // The table in force, if its rules can be edited so; else nullptr.
    virtual Result<std::unique_ptr<LiveTable>> live(Family /*family*/, TableId /*table*/) { return nullptr; }

    // A commit of the table that was read is likely to come: what can be done ahead may begin.
    virtual void expect_commit() {}

    // Puts `next` in force, whole or not at all. `program` is `next` lowered: same chains and rules in the same order; its
    // slots and states are not filled in yet: the backend assigns missing ones, fills them in, compiles, loads, self-checks
    // and swaps in one transaction. Errors: Refused, with what was tried, errno and the verifier's last lines.
    virtual Result<void> commit(StoredTable next, ir::Table program) = 0;

    // All that commit does but the swap: restore --test.
    virtual Result<void> check(StoredTable next, ir::Table program) = 0;
};

} // namespace xtbpf

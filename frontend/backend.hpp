// SPDX-License-Identifier: GPL-2.0-or-later
// The seam where the world begins: the frontend reads and commits tables through this; datapath implements it on the
// kernel, tests/unit on memory.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"

#include <optional>

namespace xtbpf {

class Backend {
  public:
    virtual ~Backend() = default;

    // The table in force in this network namespace, counters included; nullopt if it was never touched.
    virtual Result<std::optional<StoredTable>> read(Family family, TableId table) = 0;

    // When the table that read() gave last came into being; grows from table to table.
    virtual std::uint64_t made(Family family, TableId table) const = 0;

    // Puts `next` in force, whole or not at all. `program` is `next` lowered: same chains and rules in the same order; its
    // slots and states are not filled in yet: the backend assigns missing ones, fills them in, compiles, loads, self-checks
    // and swaps in one transaction. Errors: Refused, with what was tried, errno and the verifier's last lines.
    virtual Result<void> commit(StoredTable next, ir::Table program) = 0;

    // All that commit does but the swap: restore --test.
    virtual Result<void> check(StoredTable next, ir::Table program) = 0;
};

} // namespace xtbpf

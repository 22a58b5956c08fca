// SPDX-License-Identifier: GPL-2.0-or-later
// A backend without a kernel: tables in memory, and the applets run on them with texts for streams. For golden tests, fuzzers
// and the demo without root.
#pragma once

#include "frontend/applet.hpp"
#include "frontend/backend.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace xtbpf::testing {

class MemoryBackend : public Backend {
  public:
    struct Committed {
        StoredTable stored;
        ir::Table program;
    };

    Result<std::optional<StoredTable>> read(Family family, TableId table) override;
    // Numbers the slots of rules and policies, and limit states, from 0 in the order of the table.
    Result<void> commit(StoredTable next, ir::Table program) override;
    Result<void> check(StoredTable next, ir::Table program) override;

    std::map<std::pair<Family, TableId>, Committed> tables;
};

struct Ran {
    int code = 0;
    std::string out, err;
};

// Runs an applet on the backend with `input` for stdin; the lock is one of this process's own.
Ran run(Applet applet, std::span<const std::string_view> args, Backend& backend, std::string_view input = {});

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
// Tables in memory behind the frontend's seam: slots and states are handed out, counters stay as they are set.
#pragma once

#include "frontend/backend.hpp"

#include <map>
#include <utility>

namespace xtbpf {

class MemoryBackend : public Backend {
  public:
    using Key = std::pair<Family, TableId>;

    Result<std::optional<StoredTable>> read(Family family, TableId table) override;
    std::uint64_t made(Family family, TableId table) const override;
    Result<void> commit(StoredTable next, ir::Table program) override;
    Result<void> check(StoredTable next, ir::Table program) override;

    std::map<Key, StoredTable> tables;
    std::map<Key, ir::Table> programs; // as committed last, slots and states filled in
    std::map<Key, std::uint64_t> ages; // in which order the tables came
    int commits = 0;
    std::optional<Error> refusal; // what the next commits and checks answer

  private:
    ir::Slot next_slot_ = 0;
    std::uint32_t next_state_ = 0;
};

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the counters of all tables in force, again and again: the rules' text only when it has changed.
#pragma once

#include "datapath/store.hpp"
#include "frontend/xtbpf/top/rates.hpp"
#include "translator/error.hpp"

#include <map>
#include <vector>

namespace xtbpf::tool {

class Sampler {
  public:
    Result<std::vector<Sample>> sample();

  private:
    Result<void> refresh(Family family, TableId table); // reads a table anew if it isn't the one that is held
    // `raw`, `counted`: as in CurrentStore, of now
    void add(const CurrentStore& store, const std::vector<Counters>& raw, const HookCounters& counted,
             std::vector<Sample>& out) const;

    std::map<std::pair<Family, TableId>, CurrentStore> stores_;
};

} // namespace xtbpf::tool

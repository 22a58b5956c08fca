// SPDX-License-Identifier: GPL-2.0-or-later
// From a tapped packet to what the rules do with it.
#pragma once

#include "datapath/bpf/tap_event.h"
#include "frontend/xtbpf/explain/explanation.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xtbpf::tool {

struct TapFilter {
    xt_tap_filter filter{};
    std::optional<Family> family; // nullopt: both
};

// Words as of a packet: only protocol, addresses and ports may be said. Errors: BadParameter.
Result<TapFilter> tap_filter(const std::vector<std::string>& words);

class TracedRules {
  public:
    // Those in force now. `assume`: as --assume of `explain`.
    static Result<TracedRules> read(std::optional<Family> family, const std::vector<std::string>& assume);

    // Others. `live`: asked of each packet that is explained.
    Result<void> add(Family family, Rules rules, const std::vector<std::string>& assume, const AskLive& live = {});

    std::vector<std::pair<Family, TableId>> tables() const;

    // One table's walk; nullopt: not an IP packet, or no such table.
    std::optional<Explanation> explain(Family family, const xt_tap_event& event) const;

  private:
    struct Traced {
        Rules rules; // one table
        Assumptions assumptions;
        AskLive live;
    };
    std::map<std::pair<Family, TableId>, Traced> tables_;
};

} // namespace xtbpf::tool

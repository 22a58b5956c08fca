// SPDX-License-Identifier: GPL-2.0-or-later
// --assume: the user's answers to what neither the packet nor the rules tell.
#pragma once

#include "frontend/xtbpf/explain/rules.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace xtbpf::tool {

class Assumptions {
  public:
    // Each of: "yes", "no" (whatever is unknown); "WORD=yes" (whatever asks for it: addrtype, limit, set, conntrack ...);
    // "TABLE:CHAIN:NUMBER=yes" (what is unknown in that rule). Errors: BadParameter.
    static Result<Assumptions> parse(const std::vector<std::string>& texts, const Rules& rules);

    // The answer for a predicate that can't be told; the most special one counts.
    std::optional<bool> ask(const ir::Predicate& predicate) const;

  private:
    std::optional<bool> all_;
    std::unordered_map<std::string, bool> words_;
    std::unordered_map<const ir::Predicate*, bool> rules_;
};

} // namespace xtbpf::tool

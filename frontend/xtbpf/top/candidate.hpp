// SPDX-License-Identifier: GPL-2.0-or-later
// A rule that isn't in force: as typed, and the table as it is and as it would be.
#pragma once

#include "frontend/backend.hpp"
#include "frontend/xtbpf/explain/rules.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace xtbpf::tool {

struct Candidate {
    Family family = Family::V4;
    std::vector<std::string> words; // arguments of iptables or ip6tables
    RuleTable now, then;
    std::string chain;
    std::size_t first = 1, count = 1; // its number in the chain; as many rules as it has pairs of addresses
    bool again = false;               // one packet may come to it more than once
};

// "-A FORWARD -p udp -j DROP": what would follow `iptables`, with -A or -I; with -6, `ip6tables`. Errors: iptables' words.
Result<Candidate> read_candidate(const std::string& text, Backend& backend);

// As the command would do it, on the table as it is by then. Errors: iptables' words.
Result<void> commit_candidate(const Candidate& candidate, Backend& backend);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Puts rules back that somebody else has removed from nf_tables (`nft flush ruleset`), as the kernel's own iptables rules would have
// outlived that. It holds what the anchor holds: the rules and what they have counted stay as long as it does.
#pragma once

#include "datapath/fd.hpp"
#include "kmod-shim/removals.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace xtbpf::tool {

class Keeper {
  public:
    // Looks at all tables. `removals`: what has been removed since it last looked, up to a `generation` of nf_tables; what xtbpf
    // itself took away (migrate --back) is given up, anything else that is missing is put back. False: look again in a moment.
    bool look(std::span<const anchor::Removal> removals, std::uint32_t generation);

  private:
    using Key = std::pair<Family, TableId>;
    struct Held {
        std::vector<std::uint8_t> tag;
        Fd holder;
    };
    enum class Finding : std::uint8_t { Untouched, Well, Missing };

    bool told_of_all(std::uint32_t generation);
    Result<Finding> find(const Key& key);
    bool put_back(const Key& key);

    std::map<Key, Held> held_;
    unsigned waited_ = 0; // looks
};

} // namespace xtbpf::tool

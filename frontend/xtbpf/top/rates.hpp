// SPDX-License-Identifier: GPL-2.0-or-later
// Counters over time: how fast each rule counts. Pure.
#pragma once

#include "translator/table.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace xtbpf::tool {

inline constexpr std::size_t kHistory = 24; // samples that are kept

// What was counted at one moment by a rule or a policy. `key` stays while the rule is there.
struct Sample {
    std::string key, place, text; // place: "filter:INPUT:rule:3", with "ip6 " before it for IPv6
    Counters total;
};

struct Rate {
    std::string place, text;
    Counters total;
    double packets = 0, bytes = 0; // per second, lately
    std::deque<double> history;    // packets per second, oldest first
};

class Rates {
  public:
    // `seconds` since the samples before; 0 for the first.
    void add(const std::vector<Sample>& samples, double seconds);

    enum class Order : std::uint8_t { Packets, Bytes, Total, Place };
    // The fastest first; equal ones as they stand in the tables.
    std::vector<Rate> sorted(Order order) const;

  private:
    struct Known {
        Rate rate;
        std::size_t position = 0;
    };
    std::map<std::string, Known> rules_;
};

} // namespace xtbpf::tool

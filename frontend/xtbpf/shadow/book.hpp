// SPDX-License-Identifier: GPL-2.0-or-later
// Who says what of packets: our rules, asked when a packet comes to a table, and the kernel's iptables, which lets it pass the table
// or not. Pure.
#pragma once

#include "frontend/xtbpf/explain/performed.hpp"
#include "translator/tables.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace xtbpf::tool {

struct TablePoint {
    Family family;
    TableId table;
    Hook hook;
    auto operator<=>(const TablePoint&) const = default;
};

// What a table leaves in a packet that it lets through; nothing: it can't be told.
struct Traces {
    std::optional<std::uint32_t> mark{};
    std::optional<std::uint8_t> tos{}, ttl{};
};

struct Opinion {
    Fate fate;
    std::string by;     // "filter:INPUT:rule:3"
    std::string packet; // in words
    Traces traces{};
};

struct Disagreement {
    TablePoint at;
    std::string by, ours, theirs; // "DROP"; of the kernel "passed" or "dropped"; or of both "mark 0x1"
    std::string packet;           // the first one
    std::size_t times = 0;
};

struct Findings {
    std::size_t judged = 0;    // by both
    std::size_t untold = 0;    // our rules ask what only the kernel can tell, or hand the packet to a program
    std::size_t unsettled = 0; // packets came faster than they could be judged
    std::vector<Disagreement> disagreements;
};

class ShadowBook {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // A packet comes to a table. `lost`: what the tap has lost so far. If it comes again, it had been dropped: the kernel has
    // given its memory to another one.
    void came(const TablePoint& at, std::uint64_t packet, Opinion ours, Time now, std::uint64_t lost);

    // One whose opinion nobody asks comes: only that of the packet that was there before it is settled.
    void came_unasked(const TablePoint& at, std::uint64_t packet, std::uint64_t lost);

    void passed(const TablePoint& at, std::uint64_t packet, const Traces& traces = {});

    // Packets that came long ago and haven't passed were dropped.
    void settle(Time now, std::uint64_t lost);

    Findings take(Time now, std::uint64_t lost); // at the end: settles all

  private:
    static constexpr std::chrono::milliseconds kPatience{500};
    struct Waiting {
        Opinion ours;
        Time since;
        std::uint64_t lost;
    };
    void conclude(const TablePoint& at, const Waiting& waiting, bool passes);
    void compare(const TablePoint& at, const Waiting& waiting, const Traces& theirs);
    void disagree(const TablePoint& at, const Waiting& waiting, const std::string& on, std::string ours,
                  std::string theirs);
    void drop(const TablePoint& at, const Waiting& waiting, std::uint64_t lost);

    std::map<std::pair<TablePoint, std::uint64_t>, Waiting> waiting_;
    std::map<std::tuple<TablePoint, std::string, std::string>, std::size_t>
        known_; // index of a disagreement, by what it is on
    Findings found_;
};

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What is in force in the current network namespace, for `xtbpf status`: which tables are there, which programs run
// them and where. Asked of the kernel each time; nothing is remembered between commands.
#pragma once

#include "translator/error.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xtbpf {

enum class Place : std::uint8_t { Netfilter, Tc, Xdp };

std::string_view name(Place place); // "netfilter", "tc", "xdp"

// A loaded BPF program that counts in a table's pages: the rules of a hook, or a part of the hand-off.
struct ProgramStatus {
    Place place = Place::Netfilter;
    std::uint32_t id = 0;
    std::string name;               // as bpftool shows it
    std::uint32_t instructions = 0; // after the verifier's rewriting (xlated)
    std::uint64_t memory = 0;       // bytes, machine code included
};

struct TableStatus {
    Family family = Family::V4;
    TableId table = TableId::Filter;
    std::uint32_t store = 0;       // id of the map that holds the rules
    std::uint64_t memory = 0;      // bytes that the rules' text and counters take in the kernel, without the programs
    bool conntrack = false;        // the table's rules need connection tracking
    bool whole = true;             // each hook is served; false: somebody removed a part of the anchor
    std::string trouble;           // why the store can't be read; empty if it can
    std::uint32_t programless = 0; // as in CurrentStore
    std::vector<ProgramStatus> programs;
    StoredTable rules{};
};

// A device and what the early stage does there.
struct DeviceStatus {
    std::string device;
    std::string place;   // "xdp", "tc", "none"
    bool active = false; // decides packets now
    std::string reason;  // why there is none
    std::uint32_t program = 0;
    std::uint64_t memory = 0; // of the program, in bytes; devices may share it
};

struct Status {
    std::vector<TableStatus> tables; // only those that have ever been touched
    std::vector<DeviceStatus> devices;
};

Result<Status> status();

} // namespace xtbpf

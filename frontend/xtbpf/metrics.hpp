// SPDX-License-Identifier: GPL-2.0-or-later
// Prometheus' text format (version 0.0.4): `xtbpf metrics`, and what `xtbpf watch` exports.
#pragma once

#include "datapath/status.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace xtbpf::tool {

// Of the namespace's connection tracking; what the kernel doesn't tell is missing.
struct ConntrackFigures {
    std::optional<std::uint64_t> entries, most;
    std::optional<std::uint64_t> dropped, early_dropped, insert_failed, invalid;
};
ConntrackFigures conntrack_figures();

enum class Detail : std::uint8_t {
    Policies,
    Rules
}; // a rule is named by its chain and number, and its comment if it has one
std::string metrics(const Status& status, const ConntrackFigures& conntrack, Detail detail);

// A label's value in its quotes.
std::string label(std::string_view text);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Packets derived from the rules' boundaries, for the self-check: for each rule one that meets all its predicates, and, per
// predicate, one that just misses it.
#pragma once

#include "translator/ir.hpp"
#include "translator/view.h"

#include <cstddef>
#include <string>
#include <vector>

namespace xtbpf {

// At most `limit`, spread evenly over the rules reachable at the hook. Only views: predicates that read the packet's bytes
// (TCP options) see none there.
std::vector<xt_view> probes(const ir::Table& table, Hook hook, std::size_t limit);

// The packet in words, for a message.
std::string describe(const xt_view& view, Family family);

} // namespace xtbpf

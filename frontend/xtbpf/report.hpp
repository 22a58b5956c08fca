// SPDX-License-Identifier: GPL-2.0-or-later
// What `xtbpf status` tells.
#pragma once

#include "datapath/status.hpp"
#include "frontend/xtbpf/placements.hpp"

#include <string>
#include <vector>

namespace xtbpf::tool {

struct Report {
    Status status;
    std::vector<std::vector<Placement>> placements; // by table as in `status`; empty where the rules can't be read
};

Report report(Status status);

std::string text(const Report& report);
std::string json(const Report& report);

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Compiles the tables in force for the early stage and loads them with the embedded programs early_xdp and early_tc.
#pragma once

#include "datapath/early_attach.hpp"
#include "datapath/early_stage.hpp"
#include "datapath/fd.hpp"
#include "translator/early_code.hpp"

#include <array>
#include <span>

namespace xtbpf::early {

struct Code {
    std::array<EarlyCode, 2> families;
    bool empty() const { return families[0].linked == 0 && families[1].linked == 0; }
};

Code compile(std::span<const TableInForce> tables);

// Loads the program for a place, switched on, counting in the tables' pages, for the current network namespace.
Result<Fd> load(Place place, const Code& code, std::span<const TableInForce> tables);

} // namespace xtbpf::early

// SPDX-License-Identifier: GPL-2.0-or-later
// Generated code of the early stage: the chains of an EarlyPlan, each compiled under the name that datapath/bpf/early.h
// calls.
#pragma once

#include "translator/codegen/chains.hpp"
#include "translator/codegen/program.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xtbpf {

// Number of the chain in enum xt_early_chain of datapath/bpf/early_config.h.
unsigned early_chain_number(TableId table, Hook hook);

// "xt_v4_raw_prerouting"
std::string early_chain_function(Family family, TableId table, Hook hook);

struct EarlyCode {
    std::vector<codegen::Program> chains; // functions have names that differ between chains
    std::uint8_t linked = 0;              // bit early_chain_number(): compiled
};

// `tables`: the tables in force of one family, with their slots. Nothing if attaching doesn't pay. A chain that can't
// be compiled ends the walk before it.
EarlyCode early_code(std::span<const ir::Table> tables, KernelClock clock);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TRACE` (libxt_TRACE.c, net/netfilter/xt_TRACE.c).
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

namespace xtbpf::extensions {

namespace {

class Trace final : public Target {
  public:
    Result<void> option(const OptionUse&) override { return {}; }
    void save(std::string&) const override {}
    void list(std::string&, bool) const override {}
    ir::Action lower(const RuleContext&) const override { return ir::HandOff{ir::TraceEffect{}}; }

    bool decode(const RuleContext&, std::span<const std::uint8_t>) override { return true; }
};

std::string help(Family) { return "TRACE does not take any options\n"; }

} // namespace

const TargetDef trace_target{
    .name = "TRACE",
    .limits = {.table = TableId::Raw},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Trace>(); },
    .structure = [](Family) { return StructureDef{}; },
};

} // namespace xtbpf::extensions

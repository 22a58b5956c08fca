// SPDX-License-Identifier: GPL-2.0-or-later
// The target `CHECKSUM` (libxt_CHECKSUM.c, net/netfilter/xt_CHECKSUM.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_CHECKSUM.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"checksum-fill", Argument::None}};

class Checksum final : public Target {
  public:
    Result<void> option(const OptionUse&) override {
        fill_ = true;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!fill_) return guided::missing("CHECKSUM", "checksum-fill");
        return {};
    }

    void save(std::string& out) const override { out += " --checksum-fill"; }
    void list(std::string& out, bool) const override { out += " CHECKSUM fill"; }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_CHECKSUM_info>();
        info.operation = XT_CHECKSUM_OP_FILL;
        return tied_target("CHECKSUM", 0, info, ir::touched(ir::Touch::Transport, ir::Touch::Payload));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        fill_ = info_from<xt_CHECKSUM_info>(bytes).operation == XT_CHECKSUM_OP_FILL;
        return fill_;
    }

  private:
    bool fill_ = false;
};

std::string help(Family) {
    return "CHECKSUM target options\n"
           "  --checksum-fill\t\t\tFill in packet checksum.\n";
}

} // namespace

const TargetDef checksum_target{
    .name = "CHECKSUM",
    .options = kOptions,
    .limits = {.table = TableId::Mangle},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Checksum>(); },
    .structure = structure_of<xt_CHECKSUM_info>,
};

} // namespace xtbpf::extensions

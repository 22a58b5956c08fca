// SPDX-License-Identifier: GPL-2.0-or-later
// The target `DSCP` (libxt_DSCP.c, net/netfilter/xt_DSCP.c).
#include "frontend/extensions/dscp_value.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_DSCP.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kValue, kClass };

constexpr std::array kOptions{OptionDef{"set-dscp"}, OptionDef{"set-dscp-class"}};

class Dscp final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        return use.option == kValue ? dscp_.number({"DSCP", "set-dscp"}, use.value) : dscp_.name(use.value);
    }

    Result<void> finish(const RuleContext&) override {
        if (!dscp_.given()) return fail(ErrorKind::BadParameter, "DSCP target: Parameter --set-dscp is required");
        if (dscp_.given_twice()) return guided::excluded("DSCP", "set-dscp", "set-dscp-class");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --set-dscp 0x{:02x}", dscp_.get());
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " DSCP set 0x{:02x}", dscp_.get());
    }

    // dscp_tg, dscp_tg6: the upper six bits of the TOS byte
    ir::Action lower(const RuleContext&) const override {
        return ir::HandOff{ir::TosEffect{.mask = 0xfc, .value = static_cast<std::uint8_t>(dscp_.get() << 2)}};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_DSCP_info{.dscp = dscp_.get()});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        dscp_.set(info_from<xt_DSCP_info>(bytes).dscp);
        return true;
    }

  private:
    DscpValue dscp_;
};

std::string help(Family) {
    return "DSCP target options\n"
           "  --set-dscp value\t\tSet DSCP field in packet header to value\n"
           "  \t\t                This value can be in decimal (ex: 32)\n"
           "               \t\tor in hex (ex: 0x20)\n"
           "  --set-dscp-class class\tSet the DSCP field in packet header to the\n"
           "\t\t\t\tvalue represented by the DiffServ class value.\n"
           "\t\t\t\tThis class may be EF,BE or any of the CSxx\n"
           "\t\t\t\tor AFxx classes.\n"
           "\n"
           "\t\t\t\tThese two options are mutually exclusive !\n";
}

} // namespace

const TargetDef dscp_target{
    .name = "DSCP",
    .options = kOptions,
    .limits = {.table = TableId::Mangle},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Dscp>(); },
    .structure = structure_of<xt_DSCP_info>,
};

} // namespace xtbpf::extensions

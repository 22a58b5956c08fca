// SPDX-License-Identifier: GPL-2.0-or-later
// The match `dscp` (libxt_dscp.c, net/netfilter/xt_dscp.c).
#include "frontend/extensions/dscp_value.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_dscp.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kValue, kClass };

constexpr std::array kOptions{OptionDef{"dscp", Argument::Required, true},
                              OptionDef{"dscp-class", Argument::Required, true}};

class Dscp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        invert_ = use.inverted;
        return use.option == kValue ? dscp_.number({"dscp", "dscp"}, use.value) : dscp_.name(use.value);
    }

    Result<void> finish(const RuleContext&) override {
        if (!dscp_.given()) return fail(ErrorKind::BadParameter, "DSCP match: Parameter --dscp is required");
        if (dscp_.given_twice()) return guided::excluded("dscp", "dscp", "dscp-class");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --dscp 0x{:02x}", invert_ ? " !" : "", dscp_.get());
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " DSCP match {}0x{:02x}", invert_ ? "!" : "", dscp_.get());
    }

    // dscp_mt, dscp_mt6: the upper six bits of the TOS byte
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        const std::uint32_t bits = dscp_.get() * 4U;
        out.push_back(
            ir::FieldTest{.field = ir::Field::Tos, .mask = 0xFC, .ranges = {{bits, bits}}, .invert = invert_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_dscp_info{.dscp = dscp_.get(), .invert = invert_});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_dscp_info>(bytes);
        dscp_.set(info.dscp);
        invert_ = info.invert;
        return true;
    }

  private:
    DscpValue dscp_;
    bool invert_ = false;
};

std::string help(Family) {
    return "dscp match options\n"
           "[!] --dscp value\t\tMatch DSCP codepoint with numerical value\n"
           "  \t\t                This value can be in decimal (ex: 32)\n"
           "               \t\tor in hex (ex: 0x20)\n"
           "[!] --dscp-class name\t\tMatch the DiffServ class. This value may\n"
           "\t\t\t\tbe any of the BE,EF, AFxx or CSx classes\n"
           "\n"
           "\t\t\t\tThese two options are mutually exclusive !\n";
}

} // namespace

const MatchDef dscp_match{
    .name = "dscp",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Dscp>(); },
    .structure = structure_of<xt_dscp_info>,
};

} // namespace xtbpf::extensions

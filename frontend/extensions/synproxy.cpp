// SPDX-License-Identifier: GPL-2.0-or-later
// The target `SYNPROXY` (libxt_SYNPROXY.c, net/ipv4/netfilter/ipt_SYNPROXY.c, net/ipv6/netfilter/ip6t_SYNPROXY.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_SYNPROXY.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSackPerm, kTimestamp, kWscale, kMss, kEcn };

constexpr std::array kOptions{OptionDef{"sack-perm", Argument::None}, OptionDef{"timestamp", Argument::None},
                              OptionDef{"wscale"}, OptionDef{"mss"}, OptionDef{"ecn", Argument::None}};
constexpr std::array<std::uint8_t, 5> kBits{XT_SYNPROXY_OPT_SACK_PERM, XT_SYNPROXY_OPT_TIMESTAMP,
                                            XT_SYNPROXY_OPT_WSCALE, XT_SYNPROXY_OPT_MSS, XT_SYNPROXY_OPT_ECN};

class Synproxy final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        info_.options = static_cast<std::uint8_t>(info_.options | kBits[use.option]);
        if (use.option != kWscale && use.option != kMss) return {};
        // any number, cut to its field without a word
        const auto number = guided::number({"SYNPROXY", kOptions[use.option].name}, use.value, 0,
                                           std::numeric_limits<std::uint32_t>::max());
        if (!number) return std::unexpected(number.error());
        if (use.option == kWscale)
            info_.wscale = static_cast<std::uint8_t>(*number);
        else
            info_.mss = static_cast<std::uint16_t>(*number);
        return {};
    }

    void save(std::string& out) const override { append(out, " --", ""); }
    void list(std::string& out, bool) const override {
        out += " SYNPROXY ";
        append(out, "", " ");
    }

    // it drops or steals what begins a connection, and lets the rest go on to the next rule (synproxy_tg4, synproxy_tg6)
    ir::Action lower(const RuleContext&) const override {
        return ir::HandOff{ir::KernelTarget{
            .name = "SYNPROXY", .info = info_bytes(info_), .after = ir::After::Waits, .protocol = IPPROTO_TCP}};
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        info_ = info_from<xt_synproxy_info>(bytes);
        return true;
    }

  private:
    void append(std::string& out, std::string_view before, std::string_view behind) const {
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!(info_.options & kBits[i])) continue;
            (out += before) += kOptions[i].name;
            if (i == kWscale) fmt::format_to(std::back_inserter(out), " {}", info_.wscale);
            if (i == kMss) fmt::format_to(std::back_inserter(out), " {}", info_.mss);
            out += behind;
        }
    }

    xt_synproxy_info info_{};
};

std::string help(Family) {
    return "SYNPROXY target options:\n"
           "  --sack-perm                        Set SACK_PERM\n"
           "  --timestamp                        Set TIMESTAMP\n"
           "  --wscale value                     Set window scaling factor\n"
           "  --mss value                        Set MSS value\n"
           "  --ecn                              Set ECN\n";
}

} // namespace

const TargetDef synproxy_target{
    .name = "SYNPROXY",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward), .protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Synproxy>(); },
    .structure = structure_of<xt_synproxy_info>,
};

} // namespace xtbpf::extensions

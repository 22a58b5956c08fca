// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TCPMSS` (libxt_TCPMSS.c, net/netfilter/xt_TCPMSS.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_TCPMSS.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSet, kClamp };

constexpr std::array kOptions{OptionDef{"set-mss"}, OptionDef{"clamp-mss-to-pmtu", Argument::None}};

constexpr std::uint32_t header_size(Family family) { return family == Family::V4 ? 20 : 40; }

class Tcpmss final : public Target {
  public:
    explicit Tcpmss(Family family) : largest_(0xffff - header_size(family)) {}

    Result<void> option(const OptionUse& use) override {
        if (use.option == kClamp) {
            mss_ = XT_TCPMSS_CLAMP_PMTU;
            return {};
        }
        const auto mss = guided::number({"TCPMSS", "set-mss"}, use.value, 0, largest_);
        if (!mss) return std::unexpected(mss.error());
        mss_ = static_cast<std::uint16_t>(*mss);
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!mss_) return fail(ErrorKind::BadParameter, "TCPMSS target: At least one parameter is required");
        return {};
    }

    // tcpmss_tg4_check, tcpmss_tg6_check: a path's MTU is known where the packet has its route
    Result<void> check(const RuleContext& rule, std::uint32_t hooks) const override {
        constexpr std::uint32_t kRouted =
            hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);
        if (rule.asks_syn && (!clamps() || (hooks & ~kRouted) == 0)) return {};
        return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
    }

    void save(std::string& out) const override {
        if (clamps())
            out += " --clamp-mss-to-pmtu";
        else
            fmt::format_to(std::back_inserter(out), " --set-mss {}", *mss_);
    }

    void list(std::string& out, bool) const override {
        if (clamps())
            out += " TCPMSS clamp to PMTU";
        else
            fmt::format_to(std::back_inserter(out), " TCPMSS set {}", *mss_);
    }

    // A packet that is cut short is dropped (tcpmss_mangle_packet): what comes next has to wait for that.
    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_tcpmss_info>();
        info.mss = *mss_;
        ir::HandOff off =
            kernel_target("TCPMSS", 0, info, ir::touched(ir::Touch::Transport, ir::Touch::Length, ir::Touch::Payload));
        auto& target = std::get<ir::KernelTarget>(off.effect);
        target.after = ir::After::Waits;
        target.protocol = IPPROTO_TCP;
        return off;
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        mss_ = info_from<xt_tcpmss_info>(bytes).mss;
        return true;
    }

  private:
    bool clamps() const { return *mss_ == XT_TCPMSS_CLAMP_PMTU; }

    std::uint32_t largest_;
    std::optional<std::uint16_t> mss_;
};

std::string help(Family family) {
    return fmt::format("TCPMSS target mutually-exclusive options:\n"
                       "  --set-mss value               explicitly set MSS option to specified value\n"
                       "  --clamp-mss-to-pmtu           automatically clamp MSS value to (path_MTU - {})\n",
                       header_size(family));
}

} // namespace

const TargetDef tcpmss_target{
    .name = "TCPMSS",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Tcpmss>(family); },
    .structure = structure_of<xt_tcpmss_info>,
};

} // namespace xtbpf::extensions

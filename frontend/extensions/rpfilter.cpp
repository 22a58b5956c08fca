// SPDX-License-Identifier: GPL-2.0-or-later
// The match `rpfilter` (libxt_rpfilter.c, net/ipv4/netfilter/ipt_rpfilter.c, net/ipv6/netfilter/ip6t_rpfilter.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_rpfilter.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{
    OptionDef{"loose", Argument::None},
    OptionDef{"validmark", Argument::None},
    OptionDef{"accept-local", Argument::None},
    OptionDef{"invert", Argument::None},
};
constexpr std::array<std::uint8_t, kOptions.size()> kFlags{XT_RPFILTER_LOOSE, XT_RPFILTER_VALID_MARK,
                                                           XT_RPFILTER_ACCEPT_LOCAL, XT_RPFILTER_INVERT};

class RpFilter final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        return {};
    }

    // rpfilter_check
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if (rule.table != TableId::Raw && rule.table != TableId::Mangle) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override { append(out, " --"); }

    void list(std::string& out, bool) const override {
        out += " rpfilter";
        append(out, " ");
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_rpfilter_info>();
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            if (used_[i]) info.flags = static_cast<std::uint8_t>(info.flags | kFlags[i]);
        ir::KernelMatch match = kernel_match("rpfilter", 0, info);
        match.tied = true;
        out.push_back(std::move(match));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_rpfilter_info>(bytes);
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            used_[i] = info.flags & kFlags[i];
        return true;
    }

  private:
    void append(std::string& out, std::string_view before) const {
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!used_[i]) continue;
            out += before;
            out += kOptions[i].name;
        }
    }

    std::array<bool, kOptions.size()> used_{};
};

std::string help(Family) {
    return "rpfilter match options:\n"
           "    --loose          permit reverse path via any interface\n"
           "    --validmark      use skb nfmark when performing route lookup\n"
           "    --accept-local   do not reject packets with a local source address\n"
           "    --invert         match packets that failed the reverse path test\n";
}

} // namespace

const MatchDef rpfilter_match{
    .name = "rpfilter",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<RpFilter>(); },
    .structure = structure_of<xt_rpfilter_info, 0>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `physdev` (libxt_physdev.c, net/netfilter/xt_physdev.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_physdev.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kIn, kOut, kIsIn, kIsOut, kIsBridged };

constexpr std::array kOptions{
    OptionDef{"physdev-in", Argument::Required, true},     OptionDef{"physdev-out", Argument::Required, true},
    OptionDef{"physdev-is-in", Argument::None, true},      OptionDef{"physdev-is-out", Argument::None, true},
    OptionDef{"physdev-is-bridged", Argument::None, true},
};
constexpr std::array<std::uint8_t, kOptions.size()> kBits{XT_PHYSDEV_OP_IN, XT_PHYSDEV_OP_OUT, XT_PHYSDEV_OP_ISIN,
                                                          XT_PHYSDEV_OP_ISOUT, XT_PHYSDEV_OP_BRIDGED};
constexpr std::array kPrinted{kIsIn, kIn, kIsOut, kOut, kIsBridged};

class Physdev final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option <= kOut)
            if (auto taken = take_name(use); !taken) return taken;
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        for (const bool used : used_)
            if (used) return {};
        return fail(ErrorKind::BadParameter, "PHYSDEV: no physdev option specified");
    }

    // physdev_mt_check: what isn't bridged has no physical out-device yet when a local process sends it
    Result<void> check(const RuleContext&, std::uint32_t hooks) const override {
        const bool out = used_[kOut] || used_[kIsOut];
        if (out && (!used_[kIsBridged] || invert_[kIsBridged]) && (hooks & hook_bit(Hook::Output)))
            return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        for (const std::size_t i : kPrinted) {
            if (!used_[i]) continue;
            fmt::format_to(std::back_inserter(out), "{} --{}", invert_[i] ? " !" : "", kOptions[i].name);
            if (i <= kOut) append_word(out, names_[i]);
        }
    }

    void list(std::string& out, bool) const override {
        out += " PHYSDEV match";
        for (const std::size_t i : kPrinted) {
            if (!used_[i]) continue;
            fmt::format_to(std::back_inserter(out), "{} --{}", invert_[i] ? " !" : "", kOptions[i].name);
            if (i <= kOut) fmt::format_to(std::back_inserter(out), " {}", names_[i]);
        }
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_physdev_info>();
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (used_[i]) info.bitmask = static_cast<std::uint8_t>(info.bitmask | kBits[i]);
            if (used_[i] && invert_[i]) info.invert = static_cast<std::uint8_t>(info.invert | kBits[i]);
        }
        put_name(info.physindev, info.in_mask, names_[kIn]);
        put_name(info.physoutdev, info.out_mask, names_[kOut]);
        out.push_back(kernel_match("physdev", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_physdev_info>(bytes);
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            used_[i] = info.bitmask & kBits[i];
            invert_[i] = info.invert & kBits[i];
        }
        return take_name(info.physindev, info.in_mask, names_[kIn]) &&
               take_name(info.physoutdev, info.out_mask, names_[kOut]);
    }

  private:
    // xtables_parse_interface
    Result<void> take_name(const OptionUse& use) {
        if (use.value.size() >= IFNAMSIZ)
            return fail(ErrorKind::BadParameter,
                        fmt::format("interface name `{}' must be shorter than IFNAMSIZ ({})", use.value, IFNAMSIZ - 1));
        const bool wildcard = use.value.ends_with('+');
        const std::string_view own = use.value.substr(0, use.value.size() - (wildcard ? 1 : 0));
        if (use.rule.warnings && own.find_first_of("/ ") != own.npos)
            *use.rule.warnings += fmt::format(
                "Warning: weird character in interface `{}' ('/' and ' ' are not allowed by the kernel).\n", use.value);
        names_[use.option] = std::string(use.value);
        return {};
    }

    // The mask covers the name's final zero, or for `eth+` what comes before the `+`; no name: nothing.
    static void put_name(char (&name)[IFNAMSIZ], char (&mask)[IFNAMSIZ], std::string_view text) {
        if (text.empty()) return;
        const bool wildcard = text.ends_with('+');
        put_text(name, text);
        std::memset(mask, 0xff, wildcard ? text.size() - 1 : text.size() + 1);
    }

    static bool take_name(const char (&name)[IFNAMSIZ], const char (&mask)[IFNAMSIZ], std::string& to) {
        const auto compared = static_cast<std::size_t>(std::ranges::count(mask, '\xff'));
        const std::size_t length = strnlen(name, compared);
        if (compared == 0) to = name[0] == '+' ? "+" : "";
        if (length == 0) return compared == 0;
        to.assign(name, length);
        if (length == compared) to += '+';
        return to.size() < IFNAMSIZ;
    }

    std::array<bool, kOptions.size()> used_{}, invert_{};
    std::array<std::string, 2> names_; // by kIn, kOut
};

std::string help(Family) {
    return "physdev match options:\n"
           " [!] --physdev-in inputname[+]\t\tbridge port name ([+] for wildcard)\n"
           " [!] --physdev-out outputname[+]\tbridge port name ([+] for wildcard)\n"
           " [!] --physdev-is-in\t\t\tarrived on a bridge device\n"
           " [!] --physdev-is-out\t\t\twill leave on a bridge device\n"
           " [!] --physdev-is-bridged\t\tit's a bridged packet\n";
}

} // namespace

const MatchDef physdev_match{
    .name = "physdev",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Physdev>(); },
    .structure = structure_of<xt_physdev_info>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `osf` (libxt_osf.c, net/netfilter/xt_osf.c). The kernel keeps the fingerprints.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_osf.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kGenre, kTtl, kLog };

constexpr std::array kOptions{
    OptionDef{"genre", Argument::Required, true},
    OptionDef{"ttl"},
    OptionDef{"log"},
};

class Osf final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kGenre) {
            genre_ = std::string(use.value.substr(0, MAXGENRELEN - 1));
            invert_ = use.inverted;
            return {};
        }
        const auto level = guided::number({"osf", kOptions[use.option].name}, use.value, 0, 2);
        if (!level) return std::unexpected(level.error());
        levels_[use.option - kTtl] = *level;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!genre_) return guided::missing("osf", "genre");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --genre" : " --genre";
        append_word(out, *genre_);
        for (const std::size_t i : {kTtl, kLog})
            if (const auto level = levels_[i - kTtl])
                fmt::format_to(std::back_inserter(out), " --{} {}", kOptions[i].name, *level);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " OS fingerprint match {}{}", invert_ ? "! " : "", *genre_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_osf_info>();
        put_text(info.genre, *genre_);
        info.len = static_cast<std::uint32_t>(genre_->size());
        if (invert_) info.flags |= XT_OSF_INVERT;
        if (levels_[0]) info.flags |= XT_OSF_TTL;
        if (levels_[1]) info.flags |= XT_OSF_LOG;
        info.ttl = levels_[0].value_or(0);
        info.loglevel = levels_[1].value_or(0);
        ir::KernelMatch match = kernel_match("osf", 0, info);
        match.protocol = IPPROTO_TCP;
        out.push_back(std::move(match));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_osf_info>(bytes);
        genre_ = text_in(info.genre);
        invert_ = info.flags & XT_OSF_INVERT;
        if (info.flags & XT_OSF_TTL) levels_[0] = info.ttl;
        if (info.flags & XT_OSF_LOG) levels_[1] = info.loglevel;
        return genre_.has_value();
    }

  private:
    std::optional<std::string> genre_;
    std::array<std::optional<std::uint32_t>, 2> levels_; // of --ttl and --log
    bool invert_ = false;
};

std::string help(Family) {
    return "OS fingerprint match options:\n"
           "[!] --genre string     Match a OS genre by passive fingerprinting.\n"
           "--ttl level            Use some TTL check extensions to determine OS:\n"
           "       0                       true ip and fingerprint TTL comparison. Works for LAN.\n"
           "       1                       check if ip TTL is less than fingerprint one. Works for global addresses.\n"
           "       2                       do not compare TTL at all. This allows NMAP detection, but can produce "
           "false "
           "results.\n"
           "--log level            Log determined genres into dmesg even if they do not match desired one:\n"
           "       0                       log all matched or unknown signatures.\n"
           "       1                       log only first one.\n"
           "       2                       log all known matched signatures.\n";
}

} // namespace

const MatchDef osf_match{
    .name = "osf",
    .options = kOptions,
    .ipv6 = false,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward),
               .protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Osf>(); },
    .structure = structure_of<xt_osf_info>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `quota` (libxt_quota.c, net/netfilter/xt_quota.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_quota.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"quota", Argument::Required, true}};

class Quota final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto quota = guided::wide_number({"quota", "quota"}, use.value);
        if (!quota) return std::unexpected(quota.error());
        quota_ = *quota;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!quota_) return guided::missing("quota", "quota");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --quota {}", invert_ ? " !" : "", *quota_);
    }

    // quota_print doesn't show the `!`
    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " quota: {} bytes", *quota_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::CountTest{.kind = ir::CountTest::Kind::Quota, .invert = invert_, .most = *quota_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_quota_info>();
        info.flags = invert_ ? XT_QUOTA_INVERT : 0;
        info.quota = *quota_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_quota_info>(bytes);
        quota_ = info.quota;
        invert_ = info.flags & XT_QUOTA_INVERT;
        return true;
    }

  private:
    std::optional<std::uint64_t> quota_;
    bool invert_ = false;
};

std::string help(Family) {
    return "quota match options:\n"
           "[!] --quota quota\t\tquota (bytes)\n";
}

} // namespace

const MatchDef quota_match{
    .name = "quota",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Quota>(); },
    .structure = structure_up_to<xt_quota_info, 0, offsetof(xt_quota_info, master)>,
};

} // namespace xtbpf::extensions

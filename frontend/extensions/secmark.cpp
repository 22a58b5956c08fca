// SPDX-License-Identifier: GPL-2.0-or-later
// The target `SECMARK`, revision 1 (libxt_SECMARK.c, net/netfilter/xt_SECMARK.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <linux/netfilter/xt_SECMARK.h>
#include <string>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"selctx"}};
constexpr std::size_t kLongest = SECMARK_SECCTX_MAX - 1; // the rest is cut off without a word

// Its file system is registered if and only if it is enabled (security/selinux/selinuxfs.c, init_sel_fs), mounted or not.
bool selinux_runs() {
    std::ifstream file("/proc/filesystems");
    for (std::string line; std::getline(file, line);)
        if (line.ends_with("\tselinuxfs")) return true;
    return false;
}

class Secmark final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        context_ = std::string(use.value.substr(0, kLongest));
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!context_) return guided::missing("SECMARK", "selctx");
        return {};
    }

    // secmark_tg_check: the table, then the context, which no security module but SELinux knows
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if (rule.table != TableId::Mangle && rule.table != TableId::Security)
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        if (!selinux_runs()) return fail(ErrorKind::Refused, "No chain/target/match by that name.");
        return {};
    }

    void save(std::string& out) const override { (out += " --selctx ") += *context_; }
    void list(std::string& out, bool) const override { (out += " SECMARK selctx ") += *context_; }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_secmark_target_info_v1>();
        info.mode = SECMARK_MODE_SEL;
        std::ranges::copy(*context_, info.secctx);
        return tied_target("SECMARK", 1, info, 0);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_secmark_target_info_v1>(bytes);
        context_ = text_in(info.secctx);
        return context_.has_value();
    }

  private:
    std::optional<std::string> context_;
};

std::string help(Family) {
    return "SECMARK target options:\n"
           "  --selctx value                     Set the SELinux security context\n";
}

} // namespace

const TargetDef secmark_target{
    .name = "SECMARK",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Secmark>(); },
    .structure = structure_up_to<xt_secmark_target_info_v1, 1, offsetof(xt_secmark_target_info_v1, secid)>,
};

} // namespace xtbpf::extensions

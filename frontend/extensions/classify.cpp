// SPDX-License-Identifier: GPL-2.0-or-later
// The target `CLASSIFY` (libxt_CLASSIFY.c, net/netfilter/xt_CLASSIFY.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_CLASSIFY.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"set-class"}};

class Classify final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        // two hexadecimal numbers, with whatever else scanf lets pass; each is cut to its lower half
        unsigned major = 0, minor = 0;
        if (std::sscanf(std::string(use.value).c_str(), "%x:%x", &major, &minor) != 2) // NOLINT(cert-err34-c)
            return fail(ErrorKind::BadParameter, fmt::format("Bad class value \"{}\"", use.value));
        major_ = static_cast<std::uint16_t>(major);
        minor_ = static_cast<std::uint16_t>(minor);
        given_ = true;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!given_) return guided::missing("CLASSIFY", "set-class");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --set-class {:04x}:{:04x}", major_, minor_);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " CLASSIFY set {:x}:{:x}", major_, minor_);
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_classify_target_info>();
        info.priority = std::uint32_t{major_} << 16 | minor_;
        return kernel_target("CLASSIFY", 0, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const std::uint32_t priority = info_from<xt_classify_target_info>(bytes).priority;
        major_ = static_cast<std::uint16_t>(priority >> 16);
        minor_ = static_cast<std::uint16_t>(priority);
        given_ = true;
        return true;
    }

  private:
    bool given_ = false;
    std::uint16_t major_ = 0, minor_ = 0;
};

std::string help(Family) {
    return "CLASSIFY target options:\n"
           "--set-class MAJOR:MINOR    Set skb->priority value (always hexadecimal!)\n";
}

} // namespace

const TargetDef classify_target{
    .name = "CLASSIFY",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Output) | hook_bit(Hook::Forward) | hook_bit(Hook::Postrouting)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Classify>(); },
    .structure = structure_of<xt_classify_target_info>,
};

} // namespace xtbpf::extensions

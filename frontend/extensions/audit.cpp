// SPDX-License-Identifier: GPL-2.0-or-later
// The target `AUDIT` (libxt_AUDIT.c, net/netfilter/xt_AUDIT.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_AUDIT.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"type"}};

constexpr std::array<std::string_view, XT_AUDIT_TYPE_MAX + 1> kTypes{"accept", "drop", "reject"}; // XT_AUDIT_TYPE_*

class Audit final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        for (std::uint8_t type = 0; type < kTypes.size(); ++type) {
            if (strcasecmp(std::string(use.value).c_str(), kTypes[type].data()) != 0) continue;
            type_ = type;
            return {};
        }
        return fail(ErrorKind::BadParameter, fmt::format("Bad action type value \"{}\"", use.value));
    }

    Result<void> finish(const RuleContext&) override {
        if (!type_) return guided::missing("AUDIT", "type");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --type {}", kTypes[*type_]);
    }
    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " AUDIT {}", kTypes[*type_]);
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_audit_info>();
        info.type = *type_;
        return kernel_target("AUDIT", 0, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_audit_info>(bytes);
        type_ = info.type;
        return info.type < kTypes.size();
    }

  private:
    std::optional<std::uint8_t> type_;
};

std::string help(Family) {
    return "AUDIT target options\n"
           "  --type TYPE\t\tAction type to be recorded.\n";
}

} // namespace

const TargetDef audit_target{
    .name = "AUDIT",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Audit>(); },
    .structure = structure_of<xt_audit_info>,
};

} // namespace xtbpf::extensions

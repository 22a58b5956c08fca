// SPDX-License-Identifier: GPL-2.0-or-later
// The target `NFLOG` (libxt_NFLOG.c, net/netfilter/xt_NFLOG.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_NFLOG.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kGroup, kPrefix, kRange, kSize, kThreshold };

constexpr std::array kOptions{OptionDef{"nflog-group"}, OptionDef{"nflog-prefix"}, OptionDef{"nflog-range"},
                              OptionDef{"nflog-size"}, OptionDef{"nflog-threshold"}};
constexpr std::uint32_t kMax16 = 0xFFFF, kMax32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kLongestPrefix = sizeof(xt_nflog_info::prefix) - 1; // the rest is cut off without a word

class Nflog final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        if (use.option == kPrefix) return prefix(use.value);
        const bool wide = use.option == kRange || use.option == kSize;
        const auto number = guided::number({"NFLOG", kOptions[use.option].name}, use.value, 0, wide ? kMax32 : kMax16);
        if (!number) return std::unexpected(number.error());
        switch (use.option) {
        case kGroup: info_.group = static_cast<std::uint16_t>(*number); break;
        case kThreshold: info_.threshold = static_cast<std::uint16_t>(*number); break;
        case kRange:
            if (use.rule.warnings)
                *use.rule.warnings += "warn: --nflog-range has never worked and is no longer supported, "
                                      "please use --nflog-size instead\n";
            info_.len = *number;
            break;
        default: info_.len = *number; info_.flags |= XT_NFLOG_F_COPY_LEN;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if ((used_ >> kRange & used_ >> kSize & 1) != 0) return guided::excluded("NFLOG", "nflog-range", "nflog-size");
        return {};
    }

    void save(std::string& out) const override { append(out, "--"); }
    void list(std::string& out, bool) const override { append(out, ""); }

    ir::Action lower(const RuleContext&) const override {
        return ir::HandOff{ir::KernelTarget{.name = "NFLOG", .info = info_bytes(info_)}};
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        info_ = info_from<xt_nflog_info>(bytes);
        return text_in(info_.prefix).has_value();
    }

  private:
    Result<void> prefix(std::string_view text) {
        if (text.empty()) return fail(ErrorKind::BadParameter, "Argument must have a minimum length of 1 characters\n");
        if (text.find('\n') != text.npos) return fail(ErrorKind::BadParameter, "Newlines not allowed in --log-prefix");
        std::memcpy(info_.prefix, text.data(), std::min(text.size(), kLongestPrefix));
        return {};
    }

    // nflog_print
    void append(std::string& out, std::string_view dashes) const {
        const auto number = [&](std::string_view name, std::uint32_t value) {
            fmt::format_to(std::back_inserter(out), " {}nflog-{} {}", dashes, name, value);
        };
        if (info_.prefix[0] != '\0') {
            fmt::format_to(std::back_inserter(out), " {}nflog-prefix", dashes);
            append_quoted(out, info_.prefix);
        }
        if (info_.group != 0) number("group", info_.group);
        if (info_.flags & XT_NFLOG_F_COPY_LEN)
            number("size", info_.len);
        else if (info_.len != 0)
            number("range", info_.len);
        if (info_.threshold != XT_NFLOG_DEFAULT_THRESHOLD) number("threshold", info_.threshold);
    }

    xt_nflog_info info_{};
    std::uint32_t used_ = 0;
};

std::string help(Family) {
    return "NFLOG target options:\n"
           " --nflog-group NUM\t\tNETLINK group used for logging\n"
           " --nflog-range NUM\t\tThis option has no effect, use --nflog-size\n"
           " --nflog-size NUM\t\tNumber of bytes to copy\n"
           " --nflog-threshold NUM\t\tMessage threshold of in-kernel queue\n"
           " --nflog-prefix STRING\t\tPrefix string for log messages\n";
}

} // namespace

const TargetDef nflog_target{
    .name = "NFLOG",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Nflog>(); },
    .structure = structure_of<xt_nflog_info>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The target `MARK`, revision 2 (libxt_MARK.c, net/netfilter/xt_mark.c).
#include "frontend/extensions/exclusive.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_mark.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSetXmark, kSet, kAnd, kOr, kXor };

constexpr std::array kOptions{OptionDef{"set-xmark"}, OptionDef{"set-mark"}, OptionDef{"and-mark"},
                              OptionDef{"or-mark"}, OptionDef{"xor-mark"}};
constexpr std::array<std::size_t, 5> kNumbers{kSet, kAnd, kOr, kXor, kSetXmark};

class Mark final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        const guided::Names names{"MARK", kOptions[use.option].name};
        if (use.option == kSetXmark || use.option == kSet) {
            const auto mark = guided::mark(names, use.value);
            if (!mark) return std::unexpected(mark.error());
            mark_ = *mark;
            if (use.option == kSet) mark_.mask |= mark_.value;
            return {};
        }
        const auto bits = guided::number(names, use.value, 0, ~0U);
        if (!bits) return std::unexpected(bits.error());
        switch (use.option) {
        case kAnd: mark_ = {0, ~*bits}; break;
        case kOr: mark_ = {*bits, *bits}; break;
        default: mark_ = {*bits, 0}; break;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_ == 0)
            return fail(ErrorKind::BadParameter,
                        "MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
        return guided::exclusive("MARK", kOptions, used_, kNumbers);
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --set-xmark 0x{:x}/0x{:x}", mark_.value, mark_.mask);
    }

    void list(std::string& out, bool) const override {
        const auto print = [&](std::string_view verb, std::uint32_t bits) {
            fmt::format_to(std::back_inserter(out), " MARK {} 0x{:x}", verb, bits);
        };
        if (mark_.value == 0) return print("and", ~mark_.mask);
        if (mark_.value == mark_.mask) return print("or", mark_.value);
        if (mark_.mask == 0) return print("xor", mark_.value);
        if (mark_.mask == ~0U) return print("set", mark_.value);
        print("xset", mark_.value);
        fmt::format_to(std::back_inserter(out), "/0x{:x}", mark_.mask);
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_mark_tginfo2>();
        info.mark = mark_.value;
        info.mask = mark_.mask;
        return kernel_target("MARK", 2, info, ir::touched(ir::Touch::Mark));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_mark_tginfo2>(bytes);
        mark_ = {info.mark, info.mask};
        return true;
    }

  private:
    std::uint32_t used_ = 0;
    guided::Masked mark_{};
};

std::string help(Family) {
    return "MARK target options:\n"
           "  --set-xmark value[/mask]  Clear bits in mask and XOR value into nfmark\n"
           "  --set-mark value[/mask]   Clear bits in mask and OR value into nfmark\n"
           "  --and-mark bits           Binary AND the nfmark with bits\n"
           "  --or-mark bits            Binary OR the nfmark with bits\n"
           "  --xor-mark bits           Binary XOR the nfmark with bits\n";
}

} // namespace

const TargetDef mark_target{
    .name = "MARK",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Mark>(); },
    .structure = structure_of<xt_mark_tginfo2, 2>,
};

} // namespace xtbpf::extensions

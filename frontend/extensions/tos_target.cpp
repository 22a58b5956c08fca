// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TOS`, revision 1 (libxt_TOS.c, net/netfilter/xt_DSCP.c).
#include "frontend/extensions/exclusive.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/extensions/tos_values.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_DSCP.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSet, kAnd, kOr, kXor };

constexpr std::array kOptions{OptionDef{"set-tos"}, OptionDef{"and-tos"}, OptionDef{"or-tos"}, OptionDef{"xor-tos"}};
constexpr std::array<std::size_t, 4> kNumbers{kSet, kAnd, kOr, kXor};

class Tos final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        if (use.option == kSet) {
            const auto tos = parse_tos(use.value);
            if (!tos) return std::unexpected(tos.error());
            tos_ = *tos;
            return {};
        }
        const auto bits = guided::number({"TOS", kOptions[use.option].name}, use.value, 0, 255);
        if (!bits) return std::unexpected(bits.error());
        const auto byte = static_cast<std::uint8_t>(*bits);
        switch (use.option) {
        case kAnd: tos_ = {0, static_cast<std::uint8_t>(~byte)}; break;
        case kOr: tos_ = {byte, byte}; break;
        default: tos_ = {byte, 0}; break;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_ == 0) return fail(ErrorKind::BadParameter, "TOS: An action is required");
        return guided::exclusive("TOS", kOptions, used_, kNumbers);
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --set-tos 0x{:02x}/0x{:02x}", tos_.value, tos_.mask);
    }

    void list(std::string& out, bool numeric) const override {
        const auto print = [&](std::string_view verb, unsigned bits) {
            fmt::format_to(std::back_inserter(out), " TOS {} 0x{:02x}", verb, bits);
        };
        if (!numeric) {
            // a name with its blank before the title, not behind it (tos_try_print_symbolic)
            if (const std::string_view name = tos_name(tos_); !name.empty())
                return static_cast<void>(fmt::format_to(std::back_inserter(out), "  TOS set{}", name));
            if (tos_.value == 0) return print("and", static_cast<std::uint8_t>(~tos_.mask));
            if (tos_.value == tos_.mask) return print("or", tos_.value);
            if (tos_.mask == 0) return print("xor", tos_.value);
        }
        print("set", tos_.value);
        fmt::format_to(std::back_inserter(out), "/0x{:02x}", tos_.mask);
    }

    ir::Action lower(const RuleContext&) const override {
        return ir::HandOff{ir::TosEffect{.mask = tos_.mask, .value = tos_.value}};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_tos_target_info{.tos_value = tos_.value, .tos_mask = tos_.mask});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tos_target_info>(bytes);
        tos_ = {info.tos_value, info.tos_mask};
        return true;
    }

  private:
    std::uint32_t used_ = 0;
    TosValue tos_;
};

std::string help(Family) {
    std::string out = "TOS target vlibxtables.so.12 options:\n"
                      "  --set-tos value[/mask]  Set Type of Service/Priority field to value\n"
                      "                          (Zero out bits in mask and XOR value into TOS)\n"
                      "  --set-tos symbol        Set TOS field (IPv4 only) by symbol\n"
                      "                          (this zeroes the 4-bit Precedence part!)\n"
                      "                          Accepted symbolic names for value are:\n";
    std::string names = tos_name_list();
    for (std::size_t at = 0; at < names.size(); at = names.find('\n', at) + 1)
        names.insert(at, "  "); // a little deeper than in the match's
    return out + names +
           "\n"
           "  --and-tos bits          Binary AND the TOS value with bits\n"
           "  --or-tos  bits          Binary OR the TOS value with bits\n"
           "  --xor-tos bits          Binary XOR the TOS value with bits\n";
}

} // namespace

const TargetDef tos_target{
    .name = "TOS",
    .options = kOptions,
    .limits = {.table = TableId::Mangle},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Tos>(); },
    .structure = structure_of<xt_tos_target_info, 1>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The targets `TTL` (IPv4; libipt_TTL.c) and `HL` (IPv6; libip6t_HL.c), both of net/netfilter/xt_HL.c.
#include "frontend/extensions/exclusive.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ipt_TTL.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSet, kDecrease, kIncrease };

constexpr std::array kTtlOptions{OptionDef{"ttl-set"}, OptionDef{"ttl-dec"}, OptionDef{"ttl-inc"}};
constexpr std::array kHlOptions{OptionDef{"hl-set"}, OptionDef{"hl-dec"}, OptionDef{"hl-inc"}};
constexpr std::array<std::size_t, 3> kNumbers{kSet, kIncrease, kDecrease};

class Ttl final : public Target {
  public:
    explicit Ttl(Family family) : v4_(family == Family::V4) {}

    Result<void> option(const OptionUse& use) override {
        const auto value = guided::number({name(), options()[use.option].name}, use.value, use.option != kSet, 255);
        if (!value) return std::unexpected(value.error());
        used_ |= 1U << use.option;
        which_ = use.option;
        value_ = static_cast<std::uint8_t>(*value);
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_ == 0) return fail(ErrorKind::BadParameter, fmt::format("{}: You must specify an action", name()));
        return guided::exclusive(name(), options(), used_, kNumbers);
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --{} {}", options()[which_].name, value_);
    }

    void list(std::string& out, bool) const override {
        constexpr std::array<std::string_view, 3> kVerbs{"set to", "decrement by", "increment by"};
        fmt::format_to(std::back_inserter(out), " {} {} {}", name(), kVerbs[which_], value_);
    }

    ir::Action lower(const RuleContext&) const override {
        using Kind = ir::TtlEffect::Kind;
        const Kind kind = which_ == kSet ? Kind::Set : which_ == kDecrease ? Kind::Decrease : Kind::Increase;
        return ir::HandOff{ir::TtlEffect{.kind = kind, .value = value_}};
    }

    // struct ip6t_HL_info is the same
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        constexpr std::array<std::uint8_t, 3> kModes{IPT_TTL_SET, IPT_TTL_DEC, IPT_TTL_INC};
        return info_bytes(ipt_TTL_info{.mode = kModes[which_], .ttl = value_});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ipt_TTL_info>(bytes);
        which_ = info.mode == IPT_TTL_DEC ? kDecrease : info.mode == IPT_TTL_INC ? kIncrease : kSet;
        value_ = info.ttl;
        return true;
    }

  private:
    std::string_view name() const { return v4_ ? "TTL" : "HL"; }
    std::span<const OptionDef> options() const { return v4_ ? kTtlOptions : kHlOptions; }

    bool v4_;
    std::uint32_t used_ = 0;
    std::size_t which_ = kSet;
    std::uint8_t value_ = 0;
};

std::unique_ptr<Target> create(Family family) { return std::make_unique<Ttl>(family); }

std::string ttl_help(Family) {
    return "TTL target options\n"
           "  --ttl-set value\t\tSet TTL to <value 0-255>\n"
           "  --ttl-dec value\t\tDecrement TTL by <value 1-255>\n"
           "  --ttl-inc value\t\tIncrement TTL by <value 1-255>\n";
}

std::string hl_help(Family) {
    return "HL target options\n"
           "  --hl-set value\t\tSet HL to <value 0-255>\n"
           "  --hl-dec value\t\tDecrement HL by <value 1-255>\n"
           "  --hl-inc value\t\tIncrement HL by <value 1-255>\n";
}

} // namespace

const TargetDef ttl_target{.name = "TTL",
                           .options = kTtlOptions,
                           .ipv6 = false,
                           .limits = {.table = TableId::Mangle},
                           .help = ttl_help,
                           .create = create,
                           .structure = structure_of<ipt_TTL_info>};
const TargetDef hl_target{.name = "HL",
                          .options = kHlOptions,
                          .ipv4 = false,
                          .limits = {.table = TableId::Mangle},
                          .help = hl_help,
                          .create = create,
                          .structure = structure_of<ipt_TTL_info>};

} // namespace xtbpf::extensions

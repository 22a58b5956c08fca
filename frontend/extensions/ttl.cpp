// SPDX-License-Identifier: GPL-2.0-or-later
// The matches `ttl` (IPv4; libipt_ttl.c) and `hl` (IPv6; libip6t_hl.c), both of net/netfilter/xt_hl.c.
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ipt_ttl.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kLess, kGreater, kEqual };

// In the order in which libxtables looks for options that exclude each other.
constexpr std::array kTtlOptions{OptionDef{"ttl-lt"}, OptionDef{"ttl-gt"},
                                 OptionDef{"ttl-eq", Argument::Required, true},
                                 OptionDef{"ttl", Argument::Required, true, false, "ttl-eq"}};
constexpr std::array kHlOptions{OptionDef{"hl-lt"}, OptionDef{"hl-gt"}, OptionDef{"hl-eq", Argument::Required, true},
                                OptionDef{"hl", Argument::Required, true, false, "hl-eq"}};

class Ttl final : public Match {
  public:
    explicit Ttl(Family family) : v4_(family == Family::V4) {}

    Result<void> option(const OptionUse& use) override {
        const auto value = guided::number({name(), options()[use.option].name}, use.value, 0, 255);
        if (!value) return std::unexpected(value.error());
        used_[use.option] = true;
        which_ = use.option;
        value_ = *value;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        constexpr std::array kPairs{std::array{kLess, kGreater}, std::array{kLess, kEqual},
                                    std::array{kGreater, kEqual}};
        if (!used_[kLess] && !used_[kGreater] && !used_[kEqual])
            return fail(ErrorKind::BadParameter,
                        v4_ ? "TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt"
                            : "HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'");
        for (const auto& [one, other] : kPairs)
            if (used_[one] && used_[other]) return guided::excluded(name(), options()[one].name, options()[other].name);
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --{} {}", invert_ ? " !" : "", options()[which_].name, value_);
    }

    void list(std::string& out, bool) const override {
        constexpr std::array<std::string_view, 3> kSigns{"<", ">", "=="};
        const std::string_view title = v4_ ? "TTL" : "HL";
        fmt::format_to(std::back_inserter(out), " {} match {} {} {}", title, title, invert_ ? "!=" : kSigns[which_],
                       value_);
    }

    // ttl_mt, hl_mt6
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        switch (which_) {
        case kLess:
            out.push_back(value_ ? in_range(ir::Field::Ttl, 0, value_ - 1, false)
                                 : in_range(ir::Field::Ttl, 1, 0, false));
            return;
        case kGreater: out.push_back(in_range(ir::Field::Ttl, value_ + 1, 255, false)); return;
        default: out.push_back(in_range(ir::Field::Ttl, value_, value_, invert_));
        }
    }

    // struct ip6t_hl_info is the same
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        constexpr std::array<std::uint8_t, 3> kModes{IPT_TTL_LT, IPT_TTL_GT, IPT_TTL_EQ};
        return info_bytes(ipt_ttl_info{.mode = invert_ ? std::uint8_t{IPT_TTL_NE} : kModes[which_],
                                       .ttl = static_cast<std::uint8_t>(value_)});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ipt_ttl_info>(bytes);
        which_ = info.mode == IPT_TTL_LT ? kLess : info.mode == IPT_TTL_GT ? kGreater : kEqual;
        invert_ = info.mode == IPT_TTL_NE;
        value_ = info.ttl;
        return true;
    }

  private:
    std::string_view name() const { return v4_ ? "ttl" : "hl"; }
    std::span<const OptionDef> options() const { return v4_ ? kTtlOptions : kHlOptions; }

    bool v4_, invert_ = false;
    std::array<bool, 3> used_{};
    std::size_t which_ = kEqual;
    std::uint32_t value_ = 0;
};

std::unique_ptr<Match> create(Family family) { return std::make_unique<Ttl>(family); }

std::string ttl_help(Family) {
    return "ttl match options:\n"
           "[!] --ttl-eq value\tMatch time to live value\n"
           "  --ttl-lt value\tMatch TTL < value\n"
           "  --ttl-gt value\tMatch TTL > value\n";
}

std::string hl_help(Family) {
    return "hl match options:\n"
           "[!] --hl-eq value\tMatch hop limit value\n"
           "  --hl-lt value\tMatch HL < value\n"
           "  --hl-gt value\tMatch HL > value\n";
}

} // namespace

const MatchDef ttl_match{.name = "ttl",
                         .options = kTtlOptions,
                         .ipv6 = false,
                         .help = ttl_help,
                         .create = create,
                         .structure = structure_of<ipt_ttl_info>};
const MatchDef hl_match{.name = "hl",
                        .options = kHlOptions,
                        .ipv4 = false,
                        .help = hl_help,
                        .create = create,
                        .structure = structure_of<ipt_ttl_info>};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `rateest` (libxt_rateest.c, net/netfilter/xt_rateest.c). The target RATEEST has the kernel estimate the rates.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/rateest_rate.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_rateest.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kName1, kName, kName2, kBps1, kPps1, kBps2, kPps2, kBps, kPps, kDelta, kLess, kGreater, kEqual };

// Each may be repeated and inverted as far as libxtables is concerned: rateest_parse has words of its own.
constexpr std::array kOptions{
    OptionDef{"rateest1", Argument::Required, true, true},
    OptionDef{"rateest", Argument::Required, true, true},
    OptionDef{"rateest2", Argument::Required, true, true},
    OptionDef{"rateest-bps1", Argument::Optional, true, true},
    OptionDef{"rateest-pps1", Argument::Optional, true, true},
    OptionDef{"rateest-bps2", Argument::Optional, true, true},
    OptionDef{"rateest-pps2", Argument::Optional, true, true},
    OptionDef{"rateest-bps", Argument::Optional, true, true},
    OptionDef{"rateest-pps", Argument::Optional, true, true},
    OptionDef{"rateest-delta", Argument::None, true, true},
    OptionDef{"rateest-lt", Argument::None, true, true},
    OptionDef{"rateest-gt", Argument::None, true, true},
    OptionDef{"rateest-eq", Argument::None, true, true},
};

// Which option another name stands for (absolute mode).
constexpr std::size_t own(std::size_t option) {
    switch (option) {
    case kName: return kName1;
    case kBps: return kBps2;
    case kPps: return kPps2;
    default: return option;
    }
}

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

class RateEst final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const std::size_t option = own(use.option);
        if (option >= kLess) return take_mode(use);
        if (use.inverted) {
            constexpr std::array<std::string_view, kDelta + 1> kNouns{
                "rateest",     "rateest", "rateest", "rateest-bps",  "rateest-pps", "rateest-bps",
                "rateest-pps", "",        "",        "rateest-delta"};
            return bad(fmt::format("rateest: {} can't be inverted", kNouns[option]));
        }
        if (used_[option]) return bad(fmt::format("rateest: can't specify --{} twice", kOptions[option].name));
        used_[option] = true;
        switch (option) {
        case kName1: name1_ = std::string(use.value.substr(0, IFNAMSIZ - 1)); return {};
        case kName2: name2_ = std::string(use.value.substr(0, IFNAMSIZ - 1)); return {};
        case kBps1: return take_bps(use, bps1_);
        case kBps2: return take_bps(use, bps2_);
        case kPps1: return take_pps(use, pps1_);
        case kPps2: return take_pps(use, pps2_);
        default: return {};
        }
    }

    // xt_rateest_mt_checkentry, as far as it doesn't ask for the estimators
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if ((!bps() && !pps()) || mode_ == XT_RATEEST_MATCH_NONE) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kDelta]) out += " --rateest-delta";
        out += relative() ? " --rateest1" : " --rateest";
        append_word(out, name1_);
        if (bps()) save_rate(out, "bps", bit_rate(bps1_), bit_rate(bps2_));
        if (pps()) save_rate(out, "pps", fmt::to_string(pps1_), fmt::to_string(pps2_));
        if (!relative()) return;
        out += " --rateest2";
        append_word(out, name2_);
    }

    void list(std::string& out, bool numeric) const override {
        auto to = std::back_inserter(out);
        const auto rate = [&](std::uint32_t value) { return numeric ? fmt::to_string(value) : bit_rate(value); };
        const bool delta = used_[kDelta];
        fmt::format_to(to, " rateest match {}{}", name1_, delta ? " delta" : "");
        if (bps()) {
            out += " bps";
            if (delta) fmt::format_to(to, " {}", rate(bps1_));
            if (!relative()) fmt::format_to(to, " {}{}", rate(bps2_), mode(""));
        }
        if (pps()) {
            out += " pps";
            if (delta) fmt::format_to(to, " {}", pps1_);
            if (!relative()) fmt::format_to(to, "{} {}", mode(""), pps2_);
        }
        if (!relative()) return;
        fmt::format_to(to, "{} {}", mode(""), name2_);
        if (bps()) {
            out += " bps";
            if (delta) fmt::format_to(to, " {}", rate(bps2_));
        }
        if (pps()) {
            out += " pps";
            if (delta) fmt::format_to(to, " {}", pps2_);
        }
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_rateest_match_info>();
        put_text(info.name1, name1_);
        put_text(info.name2, name2_);
        unsigned flags = relative() ? XT_RATEEST_MATCH_REL : XT_RATEEST_MATCH_ABS;
        if (invert_) flags |= XT_RATEEST_MATCH_INVERT;
        if (used_[kDelta]) flags |= XT_RATEEST_MATCH_DELTA;
        if (bps()) flags |= XT_RATEEST_MATCH_BPS;
        if (pps()) flags |= XT_RATEEST_MATCH_PPS;
        info.flags = static_cast<std::uint16_t>(flags);
        info.mode = mode_;
        info.bps1 = bps1_;
        info.pps1 = pps1_;
        info.bps2 = bps2_;
        info.pps2 = pps2_;
        out.push_back(kernel_match("rateest", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_rateest_match_info>(bytes);
        const auto name1 = text_in(info.name1), name2 = text_in(info.name2);
        if (!name1 || !name2) return false;
        name1_ = *name1;
        name2_ = *name2;
        used_[kName1] = true;
        used_[kName2] = info.flags & XT_RATEEST_MATCH_REL;
        used_[kDelta] = info.flags & XT_RATEEST_MATCH_DELTA;
        used_[kBps2] = info.flags & XT_RATEEST_MATCH_BPS;
        used_[kPps2] = info.flags & XT_RATEEST_MATCH_PPS;
        invert_ = info.flags & XT_RATEEST_MATCH_INVERT;
        mode_ = info.mode;
        bps1_ = info.bps1;
        pps1_ = info.pps1;
        bps2_ = info.bps2;
        pps2_ = info.pps2;
        return true;
    }

  private:
    bool relative() const { return used_[kName2]; }
    bool bps() const { return used_[kBps1] || used_[kBps2]; }
    bool pps() const { return used_[kPps1] || used_[kPps2]; }

    // The saved text says it twice where both rates are compared, and iptables doesn't read that back; a stored rule must.
    Result<void> take_mode(const OptionUse& use) {
        if (used_[use.option] && use.rule.warnings) return bad("rateest: can't specify lt/gt/eq twice");
        used_[use.option] = true;
        mode_ = use.option == kLess      ? XT_RATEEST_MATCH_LT
                : use.option == kGreater ? XT_RATEEST_MATCH_GT
                                         : XT_RATEEST_MATCH_EQ;
        invert_ |= use.inverted;
        return {};
    }

    static Result<void> take_bps(const OptionUse& use, std::uint32_t& to) {
        if (use.value.empty()) return {};
        const auto rate = parse_bit_rate(std::string(use.value));
        if (!rate) return bad(fmt::format("rateest: could not parse rate `{}'", use.value));
        to = *rate;
        return {};
    }

    static Result<void> take_pps(const OptionUse& use, std::uint32_t& to) {
        if (use.value.empty()) return {};
        const auto rate = parse_number(use.value, 0, std::numeric_limits<std::uint32_t>::max());
        if (!rate) return bad(fmt::format("rateest: could not parse pps `{}'", use.value));
        to = static_cast<std::uint32_t>(*rate);
        return {};
    }

    std::string mode(std::string_view prefix) const {
        const std::string_view name = mode_ == XT_RATEEST_MATCH_EQ ? "eq" : mode_ == XT_RATEEST_MATCH_LT ? "lt" : "gt";
        return fmt::format("{} {}{}", invert_ ? " !" : "", prefix, name);
    }

    void save_rate(std::string& out, std::string_view what, const std::string& rate1, const std::string& rate2) const {
        auto to = std::back_inserter(out);
        const bool delta = used_[kDelta];
        if (delta) fmt::format_to(to, " --rateest-{}1 {}", what, rate1);
        fmt::format_to(to, "{} --rateest-{}{}", mode("--rateest-"), what, delta ? "2" : "");
        if (delta || !relative()) fmt::format_to(to, " {}", rate2);
    }

    std::array<bool, kOptions.size()> used_{};
    std::string name1_, name2_;
    std::uint32_t bps1_ = 0, pps1_ = 0, bps2_ = 0, pps2_ = 0;
    std::uint16_t mode_ = XT_RATEEST_MATCH_NONE;
    bool invert_ = false;
};

// Rates are kept as they are saved; of those that aren't compared (xt_rateest_mt) nothing is saved.
void round_rates(Family, std::span<std::uint8_t> data) {
    const auto info = info_from<xt_rateest_match_info>(data);
    const bool delta = info.flags & XT_RATEEST_MATCH_DELTA, absolute = info.flags & XT_RATEEST_MATCH_ABS;
    const bool bytes = info.flags & XT_RATEEST_MATCH_BPS, packets = info.flags & XT_RATEEST_MATCH_PPS;
    const auto put = [&](std::size_t offset, std::uint32_t rate, bool used) { put_at(data, offset, used ? rate : 0); };
    put(offsetof(xt_rateest_match_info, bps1), printed_bit_rate(info.bps1), bytes && delta);
    put(offsetof(xt_rateest_match_info, pps1), info.pps1, packets && delta);
    put(offsetof(xt_rateest_match_info, bps2), printed_bit_rate(info.bps2), bytes && (delta || absolute));
    put(offsetof(xt_rateest_match_info, pps2), info.pps2, packets && (delta || absolute));
}

std::string help(Family) {
    return "rateest match options:\n"
           " --rateest1 name\t\tRate estimator name\n"
           " --rateest2 name\t\tRate estimator name\n"
           " --rateest-delta\t\tCompare difference(s) to given rate(s)\n"
           " --rateest-bps1 [bps]\t\tCompare bps\n"
           " --rateest-pps1 [pps]\t\tCompare pps\n"
           " --rateest-bps2 [bps]\t\tCompare bps\n"
           " --rateest-pps2 [pps]\t\tCompare pps\n"
           " [!] --rateest-lt\t\tMatch if rate is less than given rate/estimator\n"
           " [!] --rateest-gt\t\tMatch if rate is greater than given rate/estimator\n"
           " [!] --rateest-eq\t\tMatch if rate is equal to given rate/estimator\n";
}

} // namespace

const MatchDef rateest_match{
    .name = "rateest",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<RateEst>(); },
    .structure = structure_up_to<xt_rateest_match_info, 0, offsetof(xt_rateest_match_info, est1), round_rates>,
};

} // namespace xtbpf::extensions

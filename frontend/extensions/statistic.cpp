// SPDX-License-Identifier: GPL-2.0-or-later
// The match `statistic` (libxt_statistic.c, net/netfilter/xt_statistic.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_statistic.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kMode, kProbability, kEvery, kPacket };

constexpr std::array kOptions{
    OptionDef{"mode"},
    OptionDef{"probability", Argument::Required, true},
    OptionDef{"every", Argument::Required, true},
    OptionDef{"packet"},
};

constexpr double kCertain = 0x80000000; // probability 1
constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();

class Statistic final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        invert_ |= use.inverted;
        switch (use.option) {
        case kMode:
            nth_ = use.value == "nth";
            if (nth_ || use.value == "random") return {};
            return fail(ErrorKind::BadParameter, fmt::format("Bad mode \"{}\"", use.value));
        case kProbability: {
            const auto probability = guided::real({"statistic", "probability"}, use.value, 1);
            if (!probability) return std::unexpected(probability.error());
            probability_ = static_cast<std::uint32_t>(std::lround(kCertain * *probability));
            return {};
        }
        default:
            const auto number =
                guided::number({"statistic", kOptions[use.option].name}, use.value, use.option == kEvery ? 1 : 0, kMax);
            if (!number) return std::unexpected(number.error());
            (use.option == kEvery ? every_ : packet_) = *number;
            return {};
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!nth_ && !used_[kProbability])
            return fail(ErrorKind::BadParameter, "--probability must be specified when using random mode");
        if (nth_ && !used_[kEvery] && !used_[kPacket])
            return fail(ErrorKind::BadParameter, "--every and --packet must be specified when using nth mode");
        if (used_[kEvery] && used_[kPacket] && packet_ >= every_)
            return fail(ErrorKind::BadParameter, "the --packet p must be 0 <= p <= n-1");
        if (!used_[kMode]) return guided::missing("statistic", "mode");
        for (const std::size_t other : {kEvery, kPacket})
            if (used_[kProbability] && used_[other])
                return guided::excluded("statistic", "probability", kOptions[other].name);
        if (used_[kEvery] && !used_[kPacket]) return guided::also("statistic", "every", "packet");
        if (used_[kPacket] && !used_[kEvery]) return guided::also("statistic", "packet", "every");
        return {};
    }

    void save(std::string& out) const override { append(out, "--"); }

    void list(std::string& out, bool) const override {
        out += " statistic";
        append(out, "");
    }

    // statistic_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        if (nth_)
            out.push_back(
                ir::CountTest{.kind = ir::CountTest::Kind::Nth, .invert = invert_, .most = every_, .packet = packet_});
        else if (probability_ == 0)
            out.push_back(in_range(ir::Field::Random, 1, 0, invert_)); // never
        else
            out.push_back(ir::FieldTest{.field = ir::Field::Random,
                                        .mask = static_cast<std::uint32_t>(kCertain) - 1,
                                        .ranges = {{0, probability_ - 1}},
                                        .invert = invert_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_statistic_info>();
        info.mode = nth_ ? XT_STATISTIC_MODE_NTH : XT_STATISTIC_MODE_RANDOM;
        set_bit(info.flags, XT_STATISTIC_INVERT, invert_);
        if (nth_) {
            info.u.nth.every = every_ - 1;
            info.u.nth.packet = packet_;
        } else {
            info.u.random.probability = probability_;
        }
        info.u.nth.count = info.u.nth.every - info.u.nth.packet; // statistic_mt_fcheck, in either mode
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_statistic_info>(bytes);
        if (info.mode > XT_STATISTIC_MODE_NTH) return false;
        nth_ = info.mode == XT_STATISTIC_MODE_NTH;
        invert_ = info.flags & XT_STATISTIC_INVERT;
        every_ = info.u.nth.every + 1;
        packet_ = info.u.nth.packet;
        probability_ = info.u.random.probability;
        return true;
    }

  private:
    void append(std::string& out, std::string_view dashes) const {
        auto to = std::back_inserter(out);
        const std::string_view mark = invert_ ? " !" : "";
        if (!nth_) {
            fmt::format_to(to, " {0}mode random{1} {0}probability {2:.11f}", dashes, mark, probability_ / kCertain);
            return;
        }
        fmt::format_to(to, " {0}mode nth{1} {0}every {2}", dashes, mark, every_);
        if (packet_ != 0 || !dashes.empty()) fmt::format_to(to, " {}packet {}", dashes, packet_);
    }

    std::array<bool, kOptions.size()> used_{};
    bool nth_ = false, invert_ = false;
    std::uint32_t probability_ = 0, every_ = 0, packet_ = 0;
};

std::string help(Family) {
    return "statistic match options:\n"
           " --mode mode                    Match mode (random, nth)\n"
           " random mode:\n"
           "[!] --probability p\t\t Probability\n"
           " nth mode:\n"
           "[!] --every n\t\t\t Match every nth packet\n"
           " --packet p\t\t\t Initial counter value (0 <= p <= n-1, default 0)\n";
}

} // namespace

const MatchDef statistic_match{
    .name = "statistic",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Statistic>(); },
    .structure = structure_up_to<xt_statistic_info, 0, offsetof(xt_statistic_info, u.nth.count)>,
};

} // namespace xtbpf::extensions

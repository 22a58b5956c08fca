// SPDX-License-Identifier: GPL-2.0-or-later
// The match `limit` (libxt_limit.c, net/netfilter/xt_limit.c).
#include "translator/limit.hpp"

#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_limit.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kLimit, kBurst };

constexpr std::array kOptions{OptionDef{"limit"}, OptionDef{"limit-burst"}};

constexpr std::uint32_t kScale = 10000; // XT_LIMIT_SCALE: a second
constexpr std::uint32_t kDefaultBurst = 5, kLargestBurst = 10000;

struct Unit {
    std::string_view name; // any beginning of it will do
    std::string_view shown;
    std::uint32_t length; // in 1/kScale seconds
};
constexpr std::array kUnits{Unit{"day", "day", kScale * 86400}, Unit{"hour", "hour", kScale * 3600},
                            Unit{"minute", "min", kScale * 60}, Unit{"second", "sec", kScale}};
constexpr std::uint32_t kDefaultRate = kScale * 3600 / 3;

// parse_rate: the time between two packets; the number is read as atoi does, so that what follows it up to `/` doesn't count
Result<std::uint32_t> parse_rate(std::string_view text) {
    const auto bad = [&] { return fail(ErrorKind::BadParameter, fmt::format("bad rate \"{}\"'", text)); };
    std::uint32_t length = kScale;
    if (const std::size_t slash = text.find('/'); slash != text.npos) {
        const std::string_view unit = text.substr(slash + 1);
        length = 0;
        for (const Unit& known : kUnits)
            if (!unit.empty() && begins_with(known.name, unit)) length = known.length;
        if (length == 0) return bad();
    }
    const auto count = static_cast<std::uint32_t>(std::atoi(std::string(text).c_str()));
    if (count == 0) return bad();
    if (length / count == 0) return fail(ErrorKind::BadParameter, fmt::format("Rate too fast \"{}\"", text));
    return length / count;
}

// print_rate: in the largest unit that loses little
void append_rate(std::string& out, std::uint32_t avg) {
    std::size_t i = 1;
    while (i < kUnits.size() && avg <= kUnits[i].length && kUnits[i].length / avg >= kUnits[i].length % avg)
        ++i;
    fmt::format_to(std::back_inserter(out), "{}/{}", kUnits[i - 1].length / avg, kUnits[i - 1].shown);
}

class Limit final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto value = use.option == kLimit ? parse_rate(use.value)
                                                : guided::number({"limit", "limit-burst"}, use.value, 0, kLargestBurst);
        if (!value) return std::unexpected(value.error());
        (use.option == kLimit ? avg_ : burst_) = *value;
        return {};
    }

    // limit_mt_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (burst_ == 0 || limit_credits(avg_ * burst_, {}) < limit_credits(avg_, {}))
            return fail(ErrorKind::Refused, "Numerical result out of range.");
        return {};
    }

    void save(std::string& out) const override {
        out += " --limit ";
        append_rate(out, avg_);
        if (burst_ != kDefaultBurst) fmt::format_to(std::back_inserter(out), " --limit-burst {}", burst_);
    }

    void list(std::string& out, bool) const override {
        out += " limit: avg ";
        append_rate(out, avg_);
        fmt::format_to(std::back_inserter(out), " burst {}", burst_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::LimitTest{.avg = avg_, .burst = burst_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_rateinfo>();
        info.avg = avg_;
        info.burst = burst_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_rateinfo>(bytes);
        avg_ = info.avg;
        burst_ = info.burst;
        return avg_ != 0;
    }

  private:
    std::uint32_t avg_ = kDefaultRate, burst_ = kDefaultBurst;
};

// A rate is kept as it is saved.
void round_rate(Family, std::span<std::uint8_t> data) {
    const std::uint32_t avg = info_from<xt_rateinfo>(data).avg;
    if (avg == 0) return;
    std::string text;
    append_rate(text, avg);
    if (const auto rate = parse_rate(text)) put_at(data, offsetof(xt_rateinfo, avg), *rate);
}

std::string help(Family) {
    return "limit match options:\n"
           "--limit avg\t\t\tmax average match rate: default 3/hour\n"
           "                                [Packets per second unless followed by \n"
           "                                /sec /minute /hour /day postfixes]\n"
           "--limit-burst number\t\tnumber to match in a burst, default 5\n";
}

} // namespace

const MatchDef limit_match{
    .name = "limit",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Limit>(); },
    .structure = structure_up_to<xt_rateinfo, 0, offsetof(xt_rateinfo, prev), round_rate>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `iprange` (libxt_iprange.c, net/netfilter/xt_iprange.c).
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_iprange.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"src-range", Argument::Required, true},
                              OptionDef{"dst-range", Argument::Required, true}};
constexpr std::array kFields{ir::AddressField::Source, ir::AddressField::Destination};
constexpr std::array<std::string_view, 2> kTitles{" source IP range", " destination IP range"};

class Iprange final : public Match {
  public:
    explicit Iprange(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        const std::size_t dash = use.value.find('-');
        const std::string_view ends[2] = {use.value.substr(0, dash),
                                          dash == use.value.npos ? use.value : use.value.substr(dash + 1)};
        ir::AddressRange range{.field = kFields[use.option], .invert = use.inverted};
        ir::Words* const bounds[2] = {&range.low, &range.high};
        for (std::size_t i = 0; i < 2; ++i) {
            const auto host = numeric_host(family_, ends[i]);
            if (!host)
                return fail(ErrorKind::BadParameter, fmt::format("iprange: Bad value for \"--{}\" option: \"{}\"",
                                                                 kOptions[use.option].name, ends[i]));
            *bounds[i] = *host;
        }
        if (range.low > range.high && use.rule.warnings)
            fmt::format_to(std::back_inserter(*use.rule.warnings),
                           "xt_iprange: range {}-{} is reversed and will never match\n", host_text(family_, range.low),
                           host_text(family_, range.high));
        ranges_[use.option] = range;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (ranges_[0] || ranges_[1]) return {};
        return fail(ErrorKind::BadParameter, "iprange match: You must specify `--src-range' or `--dst-range'");
    }

    void save(std::string& out) const override {
        for (std::size_t i = 0; i < ranges_.size(); ++i)
            if (ranges_[i]) {
                fmt::format_to(std::back_inserter(out), "{} --{}", ranges_[i]->invert ? " !" : "", kOptions[i].name);
                append(out, *ranges_[i]);
            }
    }

    void list(std::string& out, bool) const override {
        for (std::size_t i = 0; i < ranges_.size(); ++i)
            if (ranges_[i]) {
                out += kTitles[i];
                if (ranges_[i]->invert) out += " !";
                append(out, *ranges_[i]);
            }
    }

    // iprange_mt4, iprange_mt6
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        for (const auto& range : ranges_)
            if (range) out.push_back(*range);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_iprange_mtinfo>();
        if (ranges_[0]) {
            put_words(info.src_min.all, ranges_[0]->low);
            put_words(info.src_max.all, ranges_[0]->high);
            set_bit(info.flags, IPRANGE_SRC, true);
            set_bit(info.flags, IPRANGE_SRC_INV, ranges_[0]->invert);
        }
        if (ranges_[1]) {
            put_words(info.dst_min.all, ranges_[1]->low);
            put_words(info.dst_max.all, ranges_[1]->high);
            set_bit(info.flags, IPRANGE_DST, true);
            set_bit(info.flags, IPRANGE_DST_INV, ranges_[1]->invert);
        }
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_iprange_mtinfo>(bytes);
        const auto take = [this](std::size_t side, const nf_inet_addr& low, const nf_inet_addr& high, bool inverted) {
            ranges_[side] = ir::AddressRange{
                .field = kFields[side], .low = words_in(low.all), .high = words_in(high.all), .invert = inverted};
        };
        if (info.flags & IPRANGE_SRC) take(0, info.src_min, info.src_max, (info.flags & IPRANGE_SRC_INV) != 0);
        if (info.flags & IPRANGE_DST) take(1, info.dst_min, info.dst_max, (info.flags & IPRANGE_DST_INV) != 0);
        return true;
    }

  private:
    void append(std::string& out, const ir::AddressRange& range) const {
        fmt::format_to(std::back_inserter(out), " {}-{}", host_text(family_, range.low),
                       host_text(family_, range.high));
    }

    Family family_;
    std::array<std::optional<ir::AddressRange>, 2> ranges_;
};

std::string help(Family) {
    return "iprange match options:\n"
           "[!] --src-range ip[-ip]    Match source IP in the specified range\n"
           "[!] --dst-range ip[-ip]    Match destination IP in the specified range\n";
}

} // namespace

const MatchDef iprange_match{
    .name = "iprange",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<Iprange>(family); },
    .structure = structure_of<xt_iprange_mtinfo, 1>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `ah` (libipt_ah.c, net/ipv4/netfilter/ipt_ah.c; libip6t_ah.c, net/ipv6/netfilter/ip6t_ah.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ipt_ah.h>
#include <linux/netfilter_ipv6/ip6t_ah.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSpi, kLength, kReserved };

constexpr std::array kOptions4{OptionDef{"ahspi", Argument::Required, true}};
constexpr std::array kOptions6{OptionDef{"ahspi", Argument::Required, true},
                               OptionDef{"ahlen", Argument::Required, true}, OptionDef{"ahres", Argument::None}};

class Ah4 : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto range = parse_number_range({"ah", "ahspi"}, use);
        if (!range) return std::unexpected(range.error());
        spis_ = *range;
        return {};
    }

    void save(std::string& out) const override { save_range(out, "ahspi", spis_); }

    void list(std::string& out, bool) const override {
        out += " ah ";
        list_range(out, "spi", spis_);
    }

    // ah_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 12});
        lower_range(out, {}, 4, 4, spis_);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<ipt_ah>();
        info.spis[0] = spis_.low;
        info.spis[1] = spis_.high;
        set_bit(info.invflags, IPT_AH_INV_SPI, spis_.invert);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ipt_ah>(bytes);
        spis_ = {info.spis[0], info.spis[1], (info.invflags & IPT_AH_INV_SPI) != 0};
        return true;
    }

  protected:
    NumberRange spis_;
};

class Ah6 final : public Ah4 {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kSpi) return Ah4::option(use);
        if (use.option == kReserved) {
            reserved_ = true;
            return {};
        }
        const auto length = guided::number({"ah", "ahlen"}, use.value, 0, ~0U);
        if (!length) return std::unexpected(length.error());
        length_ = *length;
        not_length_ = use.inverted;
        return {};
    }

    void save(std::string& out) const override {
        Ah4::save(out);
        if (tests_length()) fmt::format_to(std::back_inserter(out), "{} --ahlen {}", not_length_ ? " !" : "", length_);
        if (reserved_) out += " --ahres";
    }

    void list(std::string& out, bool numeric) const override {
        Ah4::list(out, numeric);
        if (tests_length()) fmt::format_to(std::back_inserter(out), "length:{}{}", not_length_ ? "!" : "", length_);
        if (reserved_) out += " reserved";
    }

    // ah_mt6
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<ip6t_ah>();
        info.spis[0] = spis_.low;
        info.spis[1] = spis_.high;
        info.hdrlen = length_;
        info.hdrres = reserved_;
        if (spis_.invert) info.invflags |= IP6T_AH_INV_SPI;
        if (not_length_) info.invflags |= IP6T_AH_INV_LEN;
        out.push_back(kernel_match("ah", 0, info));
    }

    std::vector<std::uint8_t> encode(const RuleContext& rule) const override { return Match::encode(rule); }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_ah>(bytes);
        spis_ = {info.spis[0], info.spis[1], (info.invflags & IP6T_AH_INV_SPI) != 0};
        length_ = info.hdrlen;
        not_length_ = info.invflags & IP6T_AH_INV_LEN;
        reserved_ = info.hdrres;
        return true;
    }

  private:
    bool tests_length() const { return length_ != 0 || not_length_; }

    std::uint32_t length_ = 0; // 0: any
    bool not_length_ = false, reserved_ = false;
};

std::string help4(Family) {
    return "ah match options:\n"
           "[!] --ahspi spi[:spi]\n"
           "\t\t\t\tmatch spi (range)\n";
}

std::string help6(Family) {
    return "ah match options:\n"
           "[!] --ahspi spi[:spi]          match spi (range)\n"
           "[!] --ahlen length             total length of this header\n"
           " --ahres                       check the reserved field too\n";
}

} // namespace

const MatchDef ah_match{
    .name = "ah",
    .options = kOptions4,
    .ipv6 = false,
    .limits = {.protocol = IPPROTO_AH},
    .help = help4,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ah4>(); },
    .protocol = IPPROTO_AH,
    .structure = structure_of<ipt_ah>,
};

const MatchDef ah6_match{
    .name = "ah",
    .options = kOptions6,
    .ipv4 = false,
    .help = help6,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ah6>(); },
    .protocol = IPPROTO_AH,
    .structure = structure_of<ip6t_ah>,
};

} // namespace xtbpf::extensions

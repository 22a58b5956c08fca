// SPDX-License-Identifier: GPL-2.0-or-later
// The match `ipcomp` (libxt_ipcomp.c, net/netfilter/xt_ipcomp.c).
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_ipcomp.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSpi, kReserved };

constexpr std::array kOptions{OptionDef{"ipcompspi", Argument::Required, true}, OptionDef{"compres", Argument::None}};

class IpComp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kReserved) {
            reserved_ = true;
            return {};
        }
        const auto range = parse_number_range({"ipcomp", "ipcompspi"}, use);
        if (!range) return std::unexpected(range.error());
        spis_ = *range;
        return {};
    }

    void save(std::string& out) const override {
        if (spis_.restricts())
            save_range(out, "ipcompspi", spis_);
        else
            out += " --ipcompspi 0:4294967295"; // iptables leaves it out, which reads back as 0
        if (reserved_) out += " --compres";
    }

    void list(std::string& out, bool) const override {
        out += " comp ";
        list_range(out, "spi", spis_);
        if (reserved_) out += " reserved";
    }

    // comp_mt, which doesn't look at --compres
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 4});
        lower_range(out, {}, 2, 2, spis_);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_ipcomp>();
        info.spis[0] = spis_.low;
        info.spis[1] = spis_.high;
        set_bit(info.invflags, XT_IPCOMP_INV_SPI, spis_.invert);
        info.hdrres = reserved_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_ipcomp>(bytes);
        spis_ = {info.spis[0], info.spis[1], (info.invflags & XT_IPCOMP_INV_SPI) != 0};
        reserved_ = info.hdrres;
        return true;
    }

  private:
    NumberRange spis_{0, 0}; // libxt_ipcomp.c has no init: without --ipcompspi the SPI has to be 0
    bool reserved_ = false;
};

std::string help(Family) {
    return "comp match options:\n"
           "[!] --ipcompspi spi[:spi]\n"
           "\t\t\t\tmatch spi (range)\n";
}

} // namespace

const MatchDef ipcomp_match{
    .name = "ipcomp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_COMP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<IpComp>(); },
    .protocol = IPPROTO_COMP,
    .structure = structure_of<xt_ipcomp>,
};

} // namespace xtbpf::extensions

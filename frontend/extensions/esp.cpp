// SPDX-License-Identifier: GPL-2.0-or-later
// The match `esp` (libxt_esp.c, net/netfilter/xt_esp.c).
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_esp.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"espspi", Argument::Required, true}};

class Esp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto range = parse_number_range({"esp", "espspi"}, use);
        if (!range) return std::unexpected(range.error());
        spis_ = *range;
        return {};
    }

    void save(std::string& out) const override { save_range(out, "espspi", spis_); }

    void list(std::string& out, bool) const override {
        out += " esp";
        if (spis_.restricts()) out += ' ';
        list_range(out, "spi", spis_);
    }

    // esp_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 8});
        lower_range(out, {}, 0, 4, spis_);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_esp>();
        info.spis[0] = spis_.low;
        info.spis[1] = spis_.high;
        set_bit(info.invflags, XT_ESP_INV_SPI, spis_.invert);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_esp>(bytes);
        spis_ = {info.spis[0], info.spis[1], (info.invflags & XT_ESP_INV_SPI) != 0};
        return true;
    }

  private:
    NumberRange spis_;
};

std::string help(Family) {
    return "esp match options:\n"
           "[!] --espspi spi[:spi]\n"
           "\t\t\t\tmatch spi (range)\n";
}

} // namespace

const MatchDef esp_match{
    .name = "esp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_ESP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Esp>(); },
    .protocol = IPPROTO_ESP,
    .structure = structure_of<xt_esp>,
};

} // namespace xtbpf::extensions

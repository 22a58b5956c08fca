// SPDX-License-Identifier: GPL-2.0-or-later
// The match `esp` (libxt_esp.c, net/netfilter/xt_esp.c).
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
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
};

} // namespace xtbpf::extensions

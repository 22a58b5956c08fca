// SPDX-License-Identifier: GPL-2.0-or-later
// The match `tos`, revision 1 (libxt_tos.c, net/netfilter/xt_dscp.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/extensions/tos_values.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_dscp.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"tos", Argument::Required, true}};

class Tos final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto tos = parse_tos(use.value);
        if (!tos) return std::unexpected(tos.error());
        tos_ = *tos;
        given_ = true;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!given_) return guided::missing("tos", "tos");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --tos 0x{:02x}/0x{:02x}", invert_ ? " !" : "", tos_.value,
                       tos_.mask);
    }

    void list(std::string& out, bool numeric) const override {
        out += invert_ ? " tos match!" : " tos match"; // libxt_tos.c has no blank before a number, one before a name
        if (const std::string_view name = tos_name(tos_); !numeric && !name.empty())
            fmt::format_to(std::back_inserter(out), " {}", name);
        else
            fmt::format_to(std::back_inserter(out), "0x{:02x}/0x{:02x}", tos_.value, tos_.mask);
    }

    // tos_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::FieldTest{
            .field = ir::Field::Tos, .mask = tos_.mask, .ranges = {{tos_.value, tos_.value}}, .invert = invert_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_tos_match_info{.tos_mask = tos_.mask, .tos_value = tos_.value, .invert = invert_});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tos_match_info>(bytes);
        tos_ = {info.tos_value, info.tos_mask};
        given_ = true;
        invert_ = info.invert;
        return true;
    }

  private:
    TosValue tos_;
    bool given_ = false, invert_ = false;
};

std::string help(Family) {
    return "tos match options:\n"
           "[!] --tos value[/mask]    Match Type of Service/Priority field value\n"
           "[!] --tos symbol          Match TOS field (IPv4 only) by symbol\n"
           "                          Accepted symbolic names for value are:\n" +
           tos_name_list() + "\n";
}

} // namespace

const MatchDef tos_match{
    .name = "tos",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Tos>(); },
    .structure = structure_of<xt_tos_match_info, 1>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `length` (libxt_length.c, net/netfilter/xt_length.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/span_match.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"length", Argument::Required, true}};

class Length final : public SpanMatch {
  public:
    Length() : SpanMatch({"length", "length"}, "length") {}

    // length_mt, length_mt6: the length that the IP header tells
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(in_range(ir::Field::IpLength, span().low, span().high, inverted()));
    }
};

std::string help(Family) {
    return "length match options:\n"
           "[!] --length length[:length]    Match packet length against value or range\n"
           "                                of values (inclusive)\n";
}

} // namespace

const MatchDef length_match{
    .name = "length",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Length>(); },
    .structure = structure_of<xt_length_info>,
};

} // namespace xtbpf::extensions

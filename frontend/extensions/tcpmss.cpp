// SPDX-License-Identifier: GPL-2.0-or-later
// The match `tcpmss` (libxt_tcpmss.c, net/netfilter/xt_tcpmss.c).
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/span_match.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"mss", Argument::Required, true}};

class TcpMss final : public SpanMatch {
  public:
    TcpMss() : SpanMatch({"tcpmss", "mss"}, "tcpmss match") {}

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::TcpMssTest{.low = static_cast<std::uint16_t>(span().low),
                                     .high = static_cast<std::uint16_t>(span().high),
                                     .invert = inverted()});
    }
};

std::string help(Family) {
    return "tcpmss match options:\n"
           "[!] --mss value[:value]\tMatch TCP MSS range.\n"
           "\t\t\t\t(only valid for TCP SYN or SYN/ACK packets)\n";
}

} // namespace

const MatchDef tcpmss_match{
    .name = "tcpmss",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<TcpMss>(); },
    .structure = structure_of<xt_length_info>,
};

} // namespace xtbpf::extensions

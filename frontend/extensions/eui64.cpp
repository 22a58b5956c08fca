// SPDX-License-Identifier: GPL-2.0-or-later
// The match `eui64` of IPv6: the source address made from the source MAC (libip6t_eui64.c, net/ipv6/netfilter/ip6t_eui64.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

namespace xtbpf::extensions {

namespace {

class Eui64 final : public Match {
  public:
    Result<void> option(const OptionUse&) override { return {}; }
    void save(std::string&) const override {}
    void list(std::string& out, bool) const override { out += "eui64 "; } // eui64_print puts its blank behind

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(kernel_match("eui64", 0, int{0}));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t>) override { return true; }
};

std::string help(Family) { return "eui64 does not take any options\n"; }

} // namespace

const MatchDef eui64_match{
    .name = "eui64",
    .ipv4 = false,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Eui64>(); },
    .structure = structure_of<int>,
};

} // namespace xtbpf::extensions

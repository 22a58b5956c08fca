// SPDX-License-Identifier: GPL-2.0-or-later
// The target `DNAT` (libxt_NAT.c, net/netfilter/xt_nat.c).
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/nat_target.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"to-destination"}, OptionDef{"random", Argument::None},
                              OptionDef{"persistent", Argument::None}};

constexpr NatTraits kTraits{.kind = ir::NatEffect::Kind::Destination,
                            .name = "DNAT",
                            .options = kOptions,
                            .saved = " --to-destination ",
                            .listed = " to:",
                            .shifts = true};

std::string help(Family) {
    return "DNAT target options:\n"
           " --to-destination [<ipaddr>[-<ipaddr>]][:port[-port[/port]]]\n"
           "\t\t\t\tAddress to map destination to.\n"
           "[--random] [--persistent]\n";
}

} // namespace

const TargetDef dnat_target{
    .name = "DNAT",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output), .table = TableId::Nat},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<NatTarget>(kTraits, family); },
    .structure = [](Family family) { return nat_structure(kTraits.kind, family); },
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The target `SNAT` (libxt_NAT.c, net/netfilter/xt_nat.c).
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/nat_target.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"to-source"}, OptionDef{"random", Argument::None},
                              OptionDef{"random-fully", Argument::None}, OptionDef{"persistent", Argument::None}};

constexpr NatTraits kTraits{.kind = ir::NatEffect::Kind::Source,
                            .name = "SNAT",
                            .options = kOptions,
                            .saved = " --to-source ",
                            .listed = " to:"};

std::string help(Family) {
    return "SNAT target options:\n"
           " --to-source [<ipaddr>[-<ipaddr>]][:port[-port]]\n"
           "\t\t\t\tAddress to map source to.\n"
           "[--random] [--random-fully] [--persistent]\n";
}

} // namespace

const TargetDef snat_target{
    .name = "SNAT",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Postrouting) | hook_bit(Hook::Input), .table = TableId::Nat},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<NatTarget>(kTraits, family); },
    .structure = [](Family family) { return nat_structure(kTraits.kind, family); },
};

} // namespace xtbpf::extensions

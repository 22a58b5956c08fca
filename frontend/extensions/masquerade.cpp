// SPDX-License-Identifier: GPL-2.0-or-later
// The target `MASQUERADE` (libxt_NAT.c, net/netfilter/xt_MASQUERADE.c).
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/nat_target.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"to-ports"}, OptionDef{"random", Argument::None},
                              OptionDef{"random-fully", Argument::None}};

constexpr NatTraits kTraits{.kind = ir::NatEffect::Kind::Masquerade,
                            .name = "MASQUERADE",
                            .options = kOptions,
                            .saved = " --to-ports ",
                            .listed = " masq ports: ",
                            .ports_only = true};

std::string help(Family) {
    return "MASQUERADE target options:\n"
           " --to-ports <port>[-<port>]\n"
           "\t\t\t\tPort (range) to map to.\n"
           " --random\n"
           "\t\t\t\tRandomize source port.\n"
           " --random-fully\n"
           "\t\t\t\tFully randomize source port.\n";
}

} // namespace

const TargetDef masquerade_target{
    .name = "MASQUERADE",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Postrouting), .table = TableId::Nat},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<NatTarget>(kTraits, family); },
    .structure = [](Family family) { return nat_structure(kTraits.kind, family); },
};

} // namespace xtbpf::extensions

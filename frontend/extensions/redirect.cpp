// SPDX-License-Identifier: GPL-2.0-or-later
// The target `REDIRECT` (libxt_NAT.c, net/netfilter/xt_REDIRECT.c).
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/nat_target.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"to-ports"}, OptionDef{"random", Argument::None}};

constexpr NatTraits kTraits{.kind = ir::NatEffect::Kind::Redirect,
                            .name = "REDIRECT",
                            .options = kOptions,
                            .saved = " --to-ports ",
                            .listed = " redir ports ",
                            .ports_only = true};

std::string help(Family) {
    return "REDIRECT target options:\n"
           " --to-ports <port>[-<port>]\n"
           "\t\t\t\tPort (range) to map to.\n"
           " [--random]\n";
}

} // namespace

const TargetDef redirect_target{
    .name = "REDIRECT",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output), .table = TableId::Nat},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<NatTarget>(kTraits, family); },
    .structure = [](Family family) { return nat_structure(kTraits.kind, family); },
};

} // namespace xtbpf::extensions

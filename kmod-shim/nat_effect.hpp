// SPDX-License-Identifier: GPL-2.0-or-later
// Address translation by nf_tables' expressions nat, masq and redir, which end in the same nf_nat_setup_info as the xt targets.
#pragma once

#include "translator/effect.hpp"
#include "translator/tables.hpp"

struct nlmsghdr;

namespace xtbpf::anchor {

void put_nat(nlmsghdr* message, Family family, Hook hook, const ir::NatEffect& nat);

} // namespace xtbpf::anchor

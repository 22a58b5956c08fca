// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/effect.hpp"

struct nlmsghdr;

namespace xtbpf::anchor {

// As secmark_save and secmark_restore of net/netfilter/xt_CONNSECMARK.c: only from a mark that is set to one that isn't.
void put_security_mark(nlmsghdr* message, const ir::SecurityMarkEffect& mark);

} // namespace xtbpf::anchor

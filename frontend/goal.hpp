// SPDX-License-Identifier: GPL-2.0-or-later
// What a rule's target is, once the table's chains are known.
#pragma once

#include "frontend/rule.hpp"

namespace xtbpf {

// A chain comes before an extension of the same name; `true` in the result: it did, and the user is to be warned.
// Errors: BadParameter, where the target is neither (iptables/iptables.c, do_command4).
Result<bool> settle_goal(Rule& rule, bool is_chain);

} // namespace xtbpf

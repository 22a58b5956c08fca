// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets that become readable when something has changed in this network namespace. What it was isn't read: whoever is woken
// looks at the whole, as messages can get lost.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

namespace xtbpf::tool {

Result<Fd> link_events(); // a device came, went, was renamed, moved or enslaved
Result<Fd> rule_events(); // an nf_tables transaction

// Throws away what is waiting.
void drain(const Fd& events);

} // namespace xtbpf::tool

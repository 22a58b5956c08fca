// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets that become readable when something has changed in this network namespace. Whoever is woken looks at the whole, as messages
// can get lost; what they say is only read to tell who has removed rules.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf::tool {

Result<Fd> link_events(); // a device came, went, was renamed, moved or enslaved
Result<Fd> rule_events(); // an nf_tables transaction

// The next datagram that is waiting; empty: none is. Some that came before may be lost.
std::vector<std::uint8_t> next(const Fd& events);

// Throws away what is waiting.
void drain(const Fd& events);

} // namespace xtbpf::tool

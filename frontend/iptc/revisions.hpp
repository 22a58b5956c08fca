// SPDX-License-Identifier: GPL-2.0-or-later
// Older structures that the kernel still takes, for programs that have them built in instead of asking for the newest by way of
// libxtables: DNAT as miniupnpd and systemd write it, CONNMARK as strongSwan does, `state` before it was conntrack's.
#pragma once

#include "frontend/iptc/entry.hpp"

namespace xtbpf::iptc {

// An entry with its structures in the revision that the extensions have.
Bytes modernized(View entry, Family family);

// An entry of ours as such a program reads it. EINVAL: the older structure can't say it.
Answer<Bytes> dated(View entry, Family family);

bool is_older_revision(std::string_view name, std::uint8_t revision, Family family, bool target);

} // namespace xtbpf::iptc

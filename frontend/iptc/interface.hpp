// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's ip_tables interface over tables of ours: what getsockopt and setsockopt answer to IPT_SO_* and IP6T_SO_*
// (net/ipv4/netfilter/ip_tables.c and net/ipv6/netfilter/ip6_tables.c, do_ipt_get_ctl and do_ipt_set_ctl).
#pragma once

#include "frontend/backend.hpp"
#include "frontend/iptc/layout.hpp"

namespace xtbpf::iptc {

enum class Question : std::uint8_t { Info, Entries, MatchRevision, TargetRevision, Replace, AddCounters, Names };

struct Request {
    Family family;
    Question question;
    View value;         // the option's value as the program gives it
    Age age = Age::New; // of the structures that it reads
};

// The value as the program gets it; of Replace the old counters; of Names what /proc/net/ip_tables_names holds.
Answer<Bytes> answer(const Request& request, Backend& backend);

} // namespace xtbpf::iptc

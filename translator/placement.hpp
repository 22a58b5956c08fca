// SPDX-License-Identifier: GPL-2.0-or-later
// What a hook's rules ask for, before any code is made of them: the parts of the view that have to be filled
// and conntrack.
#pragma once

#include "translator/ir.hpp"

namespace xtbpf {

// The parts of the view that cost something to fill. Addresses, lengths, tos, ttl and the mark are always there.
struct ViewNeeds {
    bool in_name = false, out_name = false;
    bool out_device = false;  // out_name, or the out-device's group
    bool transport = false;   // proto (IPv6: the walk over extension headers), thoff, l4_avail, ports, TCP fields
    bool tcp_options = false; // the packet's bytes behind the TCP header
    bool ext_headers = false; // IPv6: the extension headers' kinds, behind a later fragment's too
    bool packet_type = false;
    bool mac = false;
    bool owner = false;
    bool conntrack = false;        // ct_present, ct_state, ct_status, ct_mark, ct_dir
    bool conntrack_tuples = false; // the entry's addresses, ports and protocol
    bool conntrack_expiry = false; // ct_expires
    bool limits = false;           // a LimitTest
    bool kernel_matches = false;   // a hand-in
    bool effects = false;          // a hand-off
    bool operator==(const ViewNeeds&) const = default;
};

// Of the rules that a packet can get to from the built-in chain of `hook`; nothing if the table has no such chain.
ViewNeeds view_needs(const ir::Table& table, Hook hook);

// Of one rule, where it stands alone.
ViewNeeds view_needs(const ir::Rule& rule);

// Whether any rule of the table, reachable or not, reads conntrack: a match's checkentry switches it on
// (nf_ct_netns_get in conntrack_mt_check, net/netfilter/xt_conntrack.c). A hand-in's own checkentry does so by itself.
bool needs_conntrack(const ir::Table& table);

} // namespace xtbpf

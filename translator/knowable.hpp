// SPDX-License-Identifier: GPL-2.0-or-later
// What the early stage (XDP, tc ingress) can know of a packet, and a table rewritten for that stage's three-valued
// logic.
//
// A rule with a known false predicate is false, whatever its unknown ones are. With all known ones true it acts; or, if
// it has unknown ones, or an effect, the packet is deferred: left alone and uncounted. Hotdrops defer too. An unknown
// predicate whose asking changes something (a token taken, a kernel match's own state) has to be asked for each packet
// that gets to it, so nothing behind it may make the rule false.
#pragma once

#include "translator/ir.hpp"

namespace xtbpf {

// Whether the predicate's outcome at `hook` can be told at ingress of a plain Ethernet device from the frame, if the
// packet is not odd (fragment, IP options, hop-by-hop header, VLAN tag, not for this host's MAC: the early program
// defers those). Addresses and ports are known at INPUT and FORWARD only where no NAT applies to the packet: the early
// program must know. It also sees to it that nothing is dropped that GRO could still join, so that lengths are final,
// and fills in the TTL and the out-interface as FORWARD will see them, or defers. Not known: conntrack, the socket, the
// mark, everything at OUTPUT and POSTROUTING.
bool knowable(const ir::Predicate& predicate, Hook hook);

// The table whose chains reachable from `hook` ask only what is known; where a rule of `table` would defer, this one's
// action is kDefer. interpret() of it is the early stage's oracle: a trace with an effect or a hotdrop defers.
ir::Table defer_unknown(const ir::Table& table, Hook hook);

// Any hand-off defers at the early stage; this one also ends the interpreter's walk.
inline const ir::Action kDefer = ir::HandOff{ir::RejectEffect{}};
bool defers(const ir::Action& action);

// What stands for a table that the early stage is to leave alone: its built-in chains, which defer every packet.
ir::Table deferring(const ir::Table& table);

} // namespace xtbpf

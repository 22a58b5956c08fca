// SPDX-License-Identifier: GPL-2.0-or-later
// Programs called right before, or right behind, those of iptables' tables, to look at packets: in an nf_tables table of their own, which the
// kernel takes away with the socket that made it. A process that dies leaves nothing behind.
#pragma once

#include "kmod-shim/netlink.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <vector>

namespace xtbpf::anchor {

struct TapPoint {
    Family family;
    TableId table;
    Hook hook;
    bool behind; // the table; else before it
    int program; // a SOCKET_FILTER program that never matches; nf_tables takes its own reference
};

class Tap {
  public:
    static Result<Tap> attach(const std::vector<TapPoint>& points);

  private:
    explicit Tap(Socket socket) : socket_(std::move(socket)) {}
    Socket socket_;
};

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/listening.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace xtbpf::tool {

namespace {

Result<Fd> events(int protocol, int group) {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        return fail(ErrorKind::Refused, fmt::format("can't listen to netlink: {}", std::strerror(errno)));
    return socket;
}

} // namespace

Result<Fd> link_events() { return events(NETLINK_ROUTE, RTNLGRP_LINK); }

Result<Fd> rule_events() { return events(NETLINK_NETFILTER, NFNLGRP_NFTABLES); }

void drain(const Fd& events) {
    std::array<char, 4096> part;
    while (true) {
        const ssize_t got = ::recv(events.get(), part.data(), part.size(), MSG_TRUNC);
        if (got < 0 && errno != EINTR && errno != ENOBUFS) return;
    }
}

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/listening.hpp"

#include "datapath/refusal.hpp"

#include <array>
#include <cerrno>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace xtbpf::tool {

namespace {

constexpr int kBuffer = 8 << 20; // somebody's flush of a long ruleset, rule by rule

Result<Fd> events(int protocol, int group) {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        return std::unexpected(refusal("listen to netlink", errno));
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer); // less would do, too
    return socket;
}

} // namespace

Result<Fd> link_events() { return events(NETLINK_ROUTE, RTNLGRP_LINK); }

Result<Fd> rule_events() { return events(NETLINK_NETFILTER, NFNLGRP_NFTABLES); }

std::vector<std::uint8_t> next(const Fd& events) {
    std::vector<std::uint8_t> datagram;
    while (true) {
        const ssize_t size = ::recv(events.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
        if (size < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
        if (size <= 0) return {};
        datagram.resize(static_cast<std::size_t>(size));
        const ssize_t got = ::recv(events.get(), datagram.data(), datagram.size(), 0);
        if (got < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
        datagram.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return datagram;
    }
}

void drain(const Fd& events) {
    std::array<char, 4096> part;
    while (true) {
        const ssize_t got = ::recv(events.get(), part.data(), part.size(), MSG_TRUNC);
        if (got < 0 && errno != EINTR && errno != ENOBUFS) return;
    }
}

} // namespace xtbpf::tool

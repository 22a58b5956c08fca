// SPDX-License-Identifier: GPL-2.0-or-later
// UDP over loopback in the current network namespace: does a datagram arrive?
#pragma once

#include "datapath/fd.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>

namespace xtbpf::testing {

class Datagrams {
  public:
    Datagrams() : receiver_(udp()), sender_(udp()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bind(receiver_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        socklen_t size = sizeof address;
        getsockname(receiver_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        connect(sender_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }

    // 0, or the sender's errno: EPERM if dropped at OUTPUT.
    int send(std::size_t bytes = 10) const {
        const std::string text(bytes, 'x');
        return ::send(sender_.get(), text.data(), text.size(), 0) >= 0 ? 0 : errno;
    }

    // Loopback delivers while sending: what hasn't come after a moment was dropped.
    bool arrived() const {
        pollfd wait{receiver_.get(), POLLIN, 0};
        if (poll(&wait, 1, 20) != 1) return false;
        char text[2048];
        return ::recv(receiver_.get(), text, sizeof text, MSG_DONTWAIT) >= 0;
    }

    bool passes(std::size_t bytes = 10) const { return send(bytes) == 0 && arrived(); }

    // What an ICMP error has told the sender.
    int error() const {
        int value = 0;
        socklen_t size = sizeof value;
        getsockopt(sender_.get(), SOL_SOCKET, SO_ERROR, &value, &size);
        return value;
    }

  private:
    static Fd udp() { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }
    Fd receiver_, sender_;
};

} // namespace xtbpf::testing

// SPDX-License-Identifier: GPL-2.0-or-later
// flood ADDRESS PORT PACKETS [SOURCE]: sends that many small UDP datagrams as fast as it can and prints the nanoseconds
// each took. Over a veth pair the receiver's path runs inside the send, so its cost is in the number.
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

constexpr unsigned kBatch = 32;

bool parse_address(const char* text, std::uint16_t port, sockaddr_in& address) {
    address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return inet_pton(AF_INET, text, &address.sin_addr) == 1;
}

} // namespace

int main(int argc, char** argv) {
    sockaddr_in target{}, source{};
    if (argc < 4 || !parse_address(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])), target) ||
        (argc > 4 && !parse_address(argv[4], 0, source))) {
        fmt::print(stderr, "usage: flood ADDRESS PORT PACKETS [SOURCE]\n");
        return 2;
    }
    const long packets = std::atol(argv[3]);
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (argc > 4 && ::bind(socket, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
        std::perror("flood: bind");
        return 1;
    }
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
        std::perror("flood: connect");
        return 1;
    }
    std::array<char, 18> payload{}; // the smallest Ethernet frame
    iovec data{payload.data(), payload.size()};
    std::array<mmsghdr, kBatch> batch{};
    for (mmsghdr& message : batch) {
        message.msg_hdr.msg_iov = &data;
        message.msg_hdr.msg_iovlen = 1;
    }
    long sent = 0, errors = 0;
    const auto start = std::chrono::steady_clock::now();
    while (sent + errors < packets) {
        const int done = ::sendmmsg(socket, batch.data(), kBatch, 0);
        if (done > 0)
            sent += done;
        else
            ++errors; // an ICMP error that came back is reported once by the next send
    }
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    fmt::print("{:.1f}\n", elapsed.count() / static_cast<double>(sent > 0 ? sent : 1));
    return 0;
}

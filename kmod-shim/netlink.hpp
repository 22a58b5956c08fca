// SPDX-License-Identifier: GPL-2.0-or-later
// The socket to nfnetlink: questions with their answers, and the wording of its errors.
#pragma once

#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct mnl_socket;
struct nlmsghdr;

namespace xtbpf::anchor {

std::uint8_t netlink_family(Family family); // NFPROTO_IPV4 or NFPROTO_IPV6

// What became of one message, as the kernel reports it.
struct Answer {
    std::uint32_t sequence = 0;
    int error = 0;      // errno, positive; 0: acknowledged
    std::string detail; // the kernel's own words (NLMSGERR_ATTR_MSG), often none
};

// The Error for errno `error` of what was tried. `needs`: kernel modules whose absence an ENOENT would mean.
Error refusal(std::string_view tried, int error, std::string_view detail = {}, std::string_view needs = {});

class Socket {
  public:
    static Result<Socket> open();
    Socket(Socket&& other) noexcept;
    ~Socket();

    // Sends one request of NFNL_SUBSYS_NFTABLES and returns the messages that come back; `tried` is for the error's
    // text. A dump that others' changes make inconsistent is asked again.
    Result<std::vector<std::vector<std::uint8_t>>> ask(nlmsghdr* request, std::string_view tried);

    // Sends a whole batch and returns all acknowledgements and errors; the kernel has handled it when this returns.
    Result<std::vector<Answer>> deliver(std::span<const std::uint8_t> batch);

  private:
    explicit Socket(mnl_socket* socket) : socket_(socket) {}
    mnl_socket* socket_;
};

} // namespace xtbpf::anchor

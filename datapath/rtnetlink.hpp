// SPDX-License-Identifier: GPL-2.0-or-later
// A conversation with rtnetlink in the current network namespace: libnl carries the messages, errors come back as
// errno.
#pragma once

#include "translator/error.hpp"

#include <functional>
#include <memory>
#include <netlink/msg.h>
#include <string_view>

struct nl_sock;

namespace xtbpf {

struct NlMessageFree {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using NlMessage = std::unique_ptr<nl_msg, NlMessageFree>;

class Rtnetlink {
  public:
    static Result<Rtnetlink> open();

    // A message with its fixed part; attributes are appended with nla_put and its like.
    template <typename Header> static NlMessage message(int type, int flags, const Header& header) {
        NlMessage made(nlmsg_alloc_simple(type, flags));
        if (made) nlmsg_append(made.get(), const_cast<Header*>(&header), sizeof header, NLMSG_ALIGNTO);
        return made;
    }

    // Sends and waits for the acknowledgement: 0 or a positive errno.
    int ask(nl_msg* message);

    // Sends a dump request and hands each answer to `each`: 0 or a positive errno.
    int dump(nl_msg* request, const std::function<void(nlmsghdr*)>& each);

  private:
    struct Close {
        void operator()(nl_sock* socket) const;
    };
    explicit Rtnetlink(nl_sock* socket) : socket_(socket) {}
    int receive(const std::function<void(nlmsghdr*)>& each);

    std::unique_ptr<nl_sock, Close> socket_;
};

} // namespace xtbpf

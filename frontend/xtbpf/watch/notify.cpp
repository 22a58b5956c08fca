// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/notify.hpp"

#include "datapath/fd.hpp"

#include <cstddef>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>

namespace xtbpf::tool {

void notify(std::string_view state) {
    const char* where = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string_view path = where == nullptr ? "" : where;
    if (path.empty() || path.size() >= sizeof address.sun_path) return;
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') address.sun_path[0] = 0; // an abstract one
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (socket)
        (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                       reinterpret_cast<const sockaddr*>(&address), length);
}

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/event_loop.hpp"

#include <algorithm>
#include <poll.h>
#include <utility>
#include <vector>

namespace xtbpf::tool {

void EventLoop::later(std::chrono::milliseconds from_now, Handler then) {
    const auto when = Clock::now() + from_now;
    if (then_ && when_ <= when) return;
    then_ = std::move(then);
    when_ = when;
}

int EventLoop::timeout() const {
    if (!then_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when_ - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void EventLoop::run() {
    std::vector<pollfd> fds;
    for (const auto& [fd, handler] : handlers_)
        fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    while (running_) {
        if (::poll(fds.data(), fds.size(), timeout()) > 0)
            for (const pollfd& each : fds)
                if (each.revents != 0) handlers_[each.fd]();
        if (then_ && Clock::now() >= when_) std::exchange(then_, {})();
    }
}

} // namespace xtbpf::tool

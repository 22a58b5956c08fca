// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/event_loop.hpp"

#include <algorithm>
#include <poll.h>
#include <ranges>
#include <utility>
#include <vector>

namespace xtbpf::tool {

void EventLoop::later(const void* who, std::chrono::milliseconds from_now, Handler then) {
    const auto when = Clock::now() + from_now;
    if (const auto set = moments_.find(who); set != moments_.end() && set->second.when <= when) return;
    moments_[who] = {when, std::move(then)};
}

int EventLoop::timeout() const {
    if (moments_.empty()) return -1;
    const auto when = std::ranges::min(moments_ | std::views::values, {}, &Moment::when).when;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

// One that sets another moment does so for the next time.
void EventLoop::run_due() {
    const auto now = Clock::now();
    std::vector<Handler> due;
    for (auto moment = moments_.begin(); moment != moments_.end();) {
        if (moment->second.when > now) {
            ++moment;
            continue;
        }
        due.push_back(std::move(moment->second.then));
        moment = moments_.erase(moment);
    }
    for (const Handler& each : due)
        each();
}

void EventLoop::run() {
    std::vector<pollfd> fds;
    for (const auto& [fd, handler] : handlers_)
        fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    while (running_) {
        if (::poll(fds.data(), fds.size(), timeout()) > 0)
            for (const pollfd& each : fds)
                if (each.revents != 0) handlers_[each.fd]();
        run_due();
    }
}

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What the service waits for, in one place: file descriptors, and one moment in the future.
#pragma once

#include "datapath/fd.hpp"

#include <chrono>
#include <functional>
#include <map>

namespace xtbpf::tool {

class EventLoop {
  public:
    using Handler = std::function<void()>;

    void watch(int fd, Handler readable) { handlers_[fd] = std::move(readable); }
    // Replaces the moment that was set before, unless that is earlier.
    void later(std::chrono::milliseconds from_now, Handler then);
    void stop() { running_ = false; }
    void run();

  private:
    using Clock = std::chrono::steady_clock;
    int timeout() const; // milliseconds; -1: none

    std::map<int, Handler> handlers_;
    Handler then_;
    Clock::time_point when_;
    bool running_ = true;
};

} // namespace xtbpf::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What the service waits for, in one place: file descriptors, and moments in the future.
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
    // Replaces the moment that `who` has set before, unless that is earlier.
    void later(const void* who, std::chrono::milliseconds from_now, Handler then);
    void stop() { running_ = false; }
    void run();

  private:
    using Clock = std::chrono::steady_clock;
    struct Moment {
        Clock::time_point when;
        Handler then;
    };
    int timeout() const; // milliseconds; -1: none
    void run_due();

    std::map<int, Handler> handlers_;
    std::map<const void*, Moment> moments_;
    bool running_ = true;
};

} // namespace xtbpf::tool

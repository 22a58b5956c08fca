// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/stop_signal.hpp"

#include <csignal>

namespace xtbpf::tool {

namespace {

volatile std::sig_atomic_t stopped = 0;

} // namespace

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_wanted() { return stopped != 0; }

} // namespace xtbpf::tool

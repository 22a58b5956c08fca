// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/stop_signal.hpp"

#include <csignal>
#include <initializer_list>

namespace xtbpf::tool {

namespace {

volatile std::sig_atomic_t stopped = 0;

} // namespace

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        struct sigaction before {};
        // nohup's wish stands
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN && signal == SIGHUP) continue;
        ::sigaction(signal, &action, nullptr);
    }
}

bool stop_wanted() { return stopped != 0; }

} // namespace xtbpf::tool

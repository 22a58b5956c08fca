// SPDX-License-Identifier: GPL-2.0-or-later
// Ends in order what runs until it is told to: SIGINT, SIGTERM, a terminal or a reader that has gone.
#pragma once

namespace xtbpf::tool {

void stop_on_signals();
bool stop_wanted(); // a signal has come since

} // namespace xtbpf::tool

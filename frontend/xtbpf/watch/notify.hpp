// SPDX-License-Identifier: GPL-2.0-or-later
// What a service tells systemd (sd_notify(3)), without its library.
#pragma once

#include <string_view>

namespace xtbpf::tool {

// "READY=1", "STOPPING=1"; nothing happens without $NOTIFY_SOCKET.
void notify(std::string_view state);

} // namespace xtbpf::tool

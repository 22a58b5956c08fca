// SPDX-License-Identifier: GPL-2.0-or-later
// Runs applets in the test's own process, over tables in memory.
#pragma once

#include "frontend/applet.hpp"
#include "tests/text/memory_backend.hpp"

#include <string>
#include <string_view>

namespace xtbpf {

struct Ran {
    int code;
    std::string out, err;
};

// `command` is split at blanks ('...' groups): "iptables -A INPUT -j DROP". The lock is a file of the test's own.
Ran run(Backend& backend, std::string_view command, std::string_view input = {});

// The lines of iptables-save -t TABLE that aren't comments.
std::string saved(Backend& backend, std::string_view options = "", std::string_view program = "iptables-save");

} // namespace xtbpf

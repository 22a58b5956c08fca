// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel said when it refused a program, cut down to what a person can use.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <linux/bpf.h>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf {

// The last `lines` non-empty lines of a verifier log, without its statistics.
std::string last_lines(std::string_view log, std::size_t lines);

// Loads a program that needs no object file: no maps to make, no calls. `name` is at most 15 characters.
Result<Fd> load_socket_filter(std::span<const bpf_insn> insns, const char* name);

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// Classic BPF in the text of `-m bpf --bytecode`: the number of instructions, then each as "code jt jf k", commas between.
#pragma once

#include "translator/error.hpp"

#include <linux/filter.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

Result<std::vector<sock_filter>> parse_bytecode(std::string_view text);
void append_bytecode(std::string& out, std::span<const sock_filter> code); // without the number

// bpf_check_classic of the kernel (net/core/filter.c).
bool bytecode_is_valid(std::span<const sock_filter> code);

} // namespace xtbpf

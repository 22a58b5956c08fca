// SPDX-License-Identifier: GPL-2.0-or-later
// The little language of `-m u32 --u32 TESTS`, kept as the kernel has it (struct xt_u32).
#pragma once

#include "translator/error.hpp"

#include <linux/netfilter/xt_u32.h>
#include <string>
#include <string_view>

namespace xtbpf {

Result<xt_u32> parse_u32_tests(std::string_view text);

// Whether it has only as many parts as there is room for, and operators that there are.
bool u32_tests_are_valid(const xt_u32& tests);

// With a blank before it and in double quotes.
void append_u32_tests(std::string& out, const xt_u32& tests);

} // namespace xtbpf

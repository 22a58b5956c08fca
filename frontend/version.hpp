// SPDX-License-Identifier: GPL-2.0-or-later
// The iptables release whose command line, texts and files this is a drop-in for.
#pragma once

#include <string_view>

namespace xtbpf {

inline constexpr std::string_view kVersion = "1.8.11";
inline constexpr std::string_view kVariantVersion = "1.8.11 (bpf)"; // what -V and error texts show

} // namespace xtbpf

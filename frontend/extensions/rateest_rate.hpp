// SPDX-License-Identifier: GPL-2.0-or-later
// Rates in bits of `-m rateest` (libxt_rateest.c). A rate is in bytes a second.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace xtbpf {

std::optional<std::uint32_t> parse_bit_rate(const std::string& text);

// "800bit", "1500Kbit": what is lost there is lost.
std::string bit_rate(std::uint32_t rate);
std::uint32_t printed_bit_rate(std::uint32_t rate); // read back

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
// The rates of the match `hashlimit` (libxt_hashlimit.c): parsed, printed, and as the kernel takes them.
#pragma once

#include "translator/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct hashlimit_cfg3;

namespace xtbpf::hashlimit {

inline constexpr std::uint32_t kDefaultBurst = 5, kLargestBurst = 1000000;

struct Rate {
    std::uint64_t cost;    // of a packet: 1 / 1000000 seconds; of bytes: as bytes_to_cost has it
    std::uint32_t seconds; // of the unit; for bytes what entries live
    bool bytes;
};

// 5/sec, 10/minute, 512kb/s; nullopt: not a rate. `stored`: take 0b/s too, which iptables prints for less than 16 bytes a second
// but doesn't read.
Result<std::optional<Rate>> parse_rate(std::string_view text, bool stored);

// A number, with `k` or `m` for 1024 and its square
Result<std::uint64_t> parse_burst(std::string_view text);
std::unexpected<Error> burst_error();

std::uint64_t cost_to_bytes(std::uint64_t cost);

// "5/min"; returns how long entries live by default, in milliseconds
std::uint32_t append_packet_rate(std::string& out, std::uint64_t period);
// "512kb/s"; returns bytes a second
std::uint64_t append_byte_rate(std::string& out, std::uint64_t cost);
// "burst 2mb"
void append_byte_burst(std::string& out, std::uint64_t bytes);

// hashlimit_mt_check_common of the kernel; `longest`: prefix of the family
Result<void> check(const hashlimit_cfg3& cfg, std::uint8_t longest);

} // namespace xtbpf::hashlimit

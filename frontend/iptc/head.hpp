// SPDX-License-Identifier: GPL-2.0-or-later
// The head of an entry: addresses, devices, protocol and flags (struct ipt_ip, ip6t_ip6).
#pragma once

#include "frontend/iptc/entry.hpp"

namespace xtbpf::iptc {

// target_offset and next_offset are left 0.
Bytes encode_head(const Rule& rule);
void set_offsets(std::span<std::uint8_t> entry, Family family, std::size_t target, std::size_t next);

void set_counters(std::span<std::uint8_t> entry, Family family, const Counters& counters);

// False: a bit that no iptables writes, a device name that doesn't end.
bool decode_head(View entry, Rule& rule);

// The head as encode_head writes it, whatever bytes there are that nobody compares: counters, what is behind a device's name.
void normalize_head(std::span<std::uint8_t> entry, Family family);

} // namespace xtbpf::iptc

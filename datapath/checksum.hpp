// SPDX-License-Identifier: GPL-2.0-or-later
// A checksum of bytes that the kernel keeps for us: against damage and mistakes, not against an enemy.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace xtbpf {

// Eight bytes a step: a store of megabytes is checked at each command.
inline std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint64_t sum = bytes.size();
    while (!bytes.empty()) {
        std::uint64_t word = 0;
        const std::size_t part = std::min(bytes.size(), sizeof word);
        std::memcpy(&word, bytes.data(), part);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15;
        sum ^= sum >> 32;
        bytes = bytes.subspan(part);
    }
    return sum;
}

} // namespace xtbpf

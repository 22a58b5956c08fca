// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace xtbpf {

// The private structure of an xt match or target as it goes to the kernel: zero-padded to a multiple of 8 (XT_ALIGN).
template <typename Info> std::vector<std::uint8_t> kernel_info(const Info& info) {
    static_assert(std::is_trivially_copyable_v<Info>);
    std::vector<std::uint8_t> bytes((sizeof info + 7) / 8 * 8);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace xtbpf {

// The private structure of an xt match or target (include/uapi/linux/netfilter), made by `T()` so that its padding is zero as
// well; what the kernel keeps there for itself stays zero.
template <typename T> std::vector<std::uint8_t> info_bytes(const T& info) {
    static_assert(std::is_trivially_copyable_v<T>);
    constexpr std::size_t kAlign = 8; // XT_ALIGN
    std::vector<std::uint8_t> bytes((sizeof info + kAlign - 1) / kAlign * kAlign);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

} // namespace xtbpf

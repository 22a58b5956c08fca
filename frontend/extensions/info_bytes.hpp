// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace xtbpf {

// XT_ALIGN
template <typename T> constexpr std::size_t info_size = (sizeof(T) + 7) / 8 * 8;

// The private structure of an xt match or target (include/uapi/linux/netfilter), all zero, its padding too, until the next call. It
// isn't on the stack: there the compiler keeps members in registers and forgets what lies between them.
template <typename T> T& blank() {
    static_assert(std::is_trivially_copyable_v<T>);
    static thread_local T info;
    std::memset(static_cast<void*>(&info), 0, sizeof info);
    return info;
}

// Of one that blank() gave, set member by member, or that has no padding. What the kernel keeps there for itself stays zero.
template <typename T> std::vector<std::uint8_t> info_bytes(const T& info) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<std::uint8_t> bytes(info_size<T>);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

} // namespace xtbpf

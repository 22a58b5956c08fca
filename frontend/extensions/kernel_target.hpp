// SPDX-License-Identifier: GPL-2.0-or-later
// Targets that the kernel's own xt target carries out: its private structure as bytes.
#pragma once

#include "translator/ir.hpp"

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xtbpf {

// `info`: the target's structure of include/uapi/linux/netfilter, made by `T()` so that its padding is zero as well; what the
// kernel keeps there for itself stays zero.
template <typename T> std::vector<std::uint8_t> target_info(const T& info) {
    static_assert(std::is_trivially_copyable_v<T>);
    constexpr std::size_t kAlign = 8; // XT_ALIGN
    std::vector<std::uint8_t> bytes((sizeof info + kAlign - 1) / kAlign * kAlign);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

// Where the kernel takes the target in a table of any name.
template <typename T>
ir::HandOff kernel_target(std::string name, std::uint8_t revision, const T& info, ir::Touched writes = 0) {
    ir::KernelTarget target;
    target.name = std::move(name);
    target.revision = revision;
    target.info = target_info(info);
    target.writes = writes;
    return ir::HandOff{std::move(target)};
}

// Where it doesn't. `protocol`: of the rule, if checkentry asks for it.
template <typename T>
ir::HandOff companion_target(std::string name, std::uint8_t revision, const T& info, std::uint8_t protocol = 0) {
    return ir::HandOff{ir::CompanionTarget{std::move(name), revision, target_info(info), protocol}};
}

} // namespace xtbpf

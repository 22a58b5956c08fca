// SPDX-License-Identifier: GPL-2.0-or-later
// Targets that the kernel's own xt target carries out: its private structure as bytes.
#pragma once

#include "frontend/extensions/info_bytes.hpp"
#include "translator/ir.hpp"

#include <string>
#include <utility>

namespace xtbpf {

// Where the kernel takes the target in a table of any name.
template <typename T>
ir::HandOff kernel_target(std::string name, std::uint8_t revision, const T& info, ir::Touched writes = 0) {
    ir::KernelTarget target;
    target.name = std::move(name);
    target.revision = revision;
    target.info = info_bytes(info);
    target.writes = writes;
    return ir::HandOff{std::move(target)};
}

// Where it doesn't. `protocol`: of the rule, if checkentry asks for it.
template <typename T>
ir::HandOff companion_target(std::string name, std::uint8_t revision, const T& info, std::uint8_t protocol = 0) {
    return ir::HandOff{ir::CompanionTarget{std::move(name), revision, info_bytes(info), protocol}};
}

} // namespace xtbpf

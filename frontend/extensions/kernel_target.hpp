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

// Where it takes it in iptables' own table only. `protocol`: of the rule, if checkentry asks for it.
template <typename T>
ir::HandOff tied_target(std::string name, std::uint8_t revision, const T& info, ir::Touched writes,
                        ir::After after = ir::After::Next, std::uint8_t protocol = 0) {
    ir::HandOff off = kernel_target(std::move(name), revision, info, writes);
    auto& target = std::get<ir::KernelTarget>(off.effect);
    target.after = after;
    target.protocol = protocol;
    target.tied = true;
    return off;
}

} // namespace xtbpf

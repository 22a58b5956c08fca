// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own structure of one of its matches, out of the IR.
#pragma once

#include "translator/ir.hpp"

#include <algorithm>
#include <cstring>

namespace xtbpf {

template <typename Info> Info info_of(const ir::KernelMatch& match) {
    Info info{};
    std::memcpy(&info, match.info.data(), std::min(sizeof info, match.info.size()));
    return info;
}

} // namespace xtbpf

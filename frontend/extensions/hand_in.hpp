// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/ir.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

namespace xtbpf {

// The kernel's own match, to be asked with this private structure. x_tables wants its size aligned to 8 (XT_ALIGN).
template <typename Info>
ir::KernelMatch hand_in(std::string name, std::uint8_t revision, const Info& info, std::uint8_t protocol = 0) {
    static_assert(std::is_trivially_copyable_v<Info>);
    ir::KernelMatch match{.name = std::move(name),
                          .revision = revision,
                          .info = std::vector<std::uint8_t>((sizeof info + 7) / 8 * 8),
                          .protocol = protocol};
    std::memcpy(match.info.data(), &info, sizeof info);
    return match;
}

} // namespace xtbpf

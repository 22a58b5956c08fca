// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/ir.hpp"

namespace xtbpf {

// The first `bytes` bytes of a header are here, as skb_header_pointer has it; nothing is said of fragments, unlike HeaderTest.
inline ir::BytesTest bytes_here(ir::Base base, std::uint16_t bytes, ir::Else missing) {
    return {.base = base,
            .offset = static_cast<std::uint16_t>(bytes - 1),
            .mask = 0,
            .ranges = {{0, 0}},
            .missing = missing};
}

// (byte & mask) == value
inline ir::BytesTest byte_is(ir::Base base, std::uint16_t offset, std::uint8_t value, bool invert,
                             std::uint8_t mask = 0xFF) {
    return {.base = base, .offset = offset, .mask = mask, .ranges = {{value, value}}, .invert = invert};
}

} // namespace xtbpf

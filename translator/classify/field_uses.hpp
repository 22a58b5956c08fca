// SPDX-License-Identifier: GPL-2.0-or-later
// How each field may be used by an index: one row per field.
#pragma once

#include "translator/field.hpp"

#include <array>

namespace xtbpf::classify {

enum class IndexUse : std::uint8_t {
    None,  // few values tell few rules apart: only tested
    Port,  // part of a key, from a list of values too
    Extra, // a key may hold one such field, whole
};

// In the order of ir::Field.
inline constexpr std::array<IndexUse, ir::kFields> kIndexUses{
    IndexUse::None,  // Proto: the key has it from ProtocolTest
    IndexUse::None,  // L4State
    IndexUse::None,  // FragOff
    IndexUse::Port,  // SourcePort
    IndexUse::Port,  // DestinationPort
    IndexUse::None,  // TcpFlags
    IndexUse::Extra, // IcmpTypeCode
    IndexUse::Extra, // IpLength
    IndexUse::None,  // Tos
    IndexUse::None,  // Ttl
    IndexUse::Extra, // Mark
    IndexUse::None,  // PacketType
    IndexUse::None,  // MacValid
    IndexUse::None,  // MacSourceHigh: the low part tells more
    IndexUse::Extra, // MacSourceLow
    IndexUse::None,  // Owner
    IndexUse::Extra, // Uid
    IndexUse::Extra, // Gid
    IndexUse::None,  // CtPresent
    IndexUse::None,  // CtState
    IndexUse::None,  // CtStatus
    IndexUse::Extra, // CtMark
    IndexUse::None,  // CtExpires
    IndexUse::None,  // CtDirection
    IndexUse::None,  // CtProto
    IndexUse::Extra, // CtOrigSourcePort
    IndexUse::Extra, // CtOrigDestinationPort
    IndexUse::Extra, // CtReplySourcePort
    IndexUse::Extra, // CtReplyDestinationPort
};

constexpr IndexUse index_use(ir::Field field) { return kIndexUses[static_cast<std::size_t>(field)]; }

// The largest value it can have.
inline std::uint32_t largest(ir::Field field) {
    const unsigned size = ir::layout(field).size;
    return size == 4 ? ~0U : (1U << (8 * size)) - 1;
}

} // namespace xtbpf::classify

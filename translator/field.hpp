// SPDX-License-Identifier: GPL-2.0-or-later
// The fields of the packet view (view.h) that predicates name: one row per field says where it lies and how wide it is.
#pragma once

#include "translator/view.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xtbpf::ir {

// Unsigned numbers of at most 32 bits, in host byte order.
enum class Field : std::uint8_t {
    Proto,
    L4State,
    FragOff,
    SourcePort,
    DestinationPort,
    TcpFlags,
    IcmpTypeCode, // type << 8 | code
    ExtensionHeaders,
    IpLength,
    Tos,
    Ttl,
    Mark,
    PacketType,
    MacValid,
    MacSourceHigh,
    MacSourceLow,
    Owner, // enum xt_owner
    Uid,
    Gid,
    CtPresent,
    CtState,
    CtStatus,
    CtMark,
    CtExpires,
    CtDirection,
    CtProto,
    CtOrigSourcePort,
    CtOrigDestinationPort,
    CtReplySourcePort,
    CtReplyDestinationPort,

    // Lazy: not in the view. The program asks the kernel when a test gets there (datapath/bpf/lazy.h); 0 in a dry run.
    Cpu,
    Random,     // 32 bits, new each time
    Realm,      // of the route
    InGroup,    // group of the in-device
    OutGroup,   // and of the out-device
    FullSocket, // 1: the packet has a socket of this namespace that is no mere request or leftover
    SocketClass // its cgroup's classid
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::CtReplyDestinationPort) + 1; // in the view
inline constexpr std::size_t kAllFields = static_cast<std::size_t>(Field::SocketClass) + 1;

constexpr bool is_lazy(Field field) { return static_cast<std::size_t>(field) >= kFields; }
constexpr std::uint32_t lazy_number(Field field) { return static_cast<std::uint32_t>(field) - std::uint32_t{kFields}; }

// 128-bit addresses: four host order words, most significant first; IPv4 in word 0.
enum class AddressField : std::uint8_t {
    Source,
    Destination,
    CtOrigSource,
    CtOrigDestination,
    CtReplySource,
    CtReplyDestination
};

struct FieldLayout {
    std::string_view name; // as in the IR dump
    std::uint16_t offset;  // bytes into struct xt_view; 0 for a lazy field
    std::uint8_t size;     // 1, 2 or 4 bytes
};

const FieldLayout& layout(Field field);
const FieldLayout& layout(AddressField field); // size 16

using Words = std::array<std::uint32_t, 4>; // a 128-bit address as in AddressField

std::uint32_t read(const xt_view& view, Field field);        // 0 for a lazy one
void write(xt_view& view, Field field, std::uint32_t value); // its low bits, if the field is narrower; no lazy one
void write(xt_view& view, AddressField field, const Words& words);

} // namespace xtbpf::ir

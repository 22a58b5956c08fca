// SPDX-License-Identifier: GPL-2.0-or-later
// The small sets that random rules and packets both draw from, so that they often meet.
#pragma once

#include "tests/random.hpp"
#include "translator/field.hpp"
#include "translator/ir.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace xtbpf::testing {

inline constexpr std::array<std::uint32_t, 12> kAddresses4{0x0a000001, 0x0a000002, 0x0a000100, 0x0a00ffff,
                                                           0x0a010203, 0xc0a80101, 0xc0a801ff, 0x7f000001,
                                                           0x00000000, 0xffffffff, 0xe0000001, 0x80000000};
inline constexpr std::array<ir::Words, 8> kAddresses6{{{0x20010db8, 0, 0, 1},
                                                       {0x20010db8, 0, 0, 2},
                                                       {0x20010db8, 1, 0, 0xffff},
                                                       {0xfe800000, 0, 0x02000000, 0x00000001},
                                                       {0xff020000, 0, 0, 1},
                                                       {0, 0, 0, 1},
                                                       {0, 0, 0, 0},
                                                       {~0U, ~0U, ~0U, ~0U}}};
inline constexpr std::array<std::string_view, 7> kInterfaces{"eth0", "eth1", "eth10", "lo", "wlan0", "br-0123456789ab",
                                                             "e"};
inline constexpr std::array<std::uint8_t, 11> kProtocols{6, 6, 6, 17, 17, 1, 58, 0, 59, 50, 255};
inline constexpr std::array<std::uint32_t, 5> kHeaderSizes{20, 20, 8, 8, 4};
inline constexpr std::array<std::uint8_t, 6> kTcpOptions{2, 2, 3, 8, 1, 253};
inline constexpr std::array<std::uint16_t, 4> kSegmentSizes{0, 536, 1460, 65535};
inline constexpr std::array<std::uint32_t, 8> kOffsets{0, 4, 8, 20, 44, 60, 0x7fff0001, ~0U};
inline constexpr std::array<std::string_view, 3> kPrefixes{"", "in: ", "dropped "};
inline constexpr std::array<std::uint32_t, 10> kPorts{0, 1, 22, 53, 80, 443, 1023, 1024, 8080, 65535};
inline constexpr std::array<std::uint32_t, 8> kLengths{20, 40, 41, 60, 64, 576, 1280, 1500};
inline constexpr std::array<std::uint32_t, 6> kIds{0, 1, 33, 1000, 65534, ~0U - 1};

inline std::uint32_t largest(ir::Field field) {
    const unsigned size = ir::layout(field).size;
    return size == 4 ? ~0U : (1U << (8 * size)) - 1;
}

// A value a rule or a packet is likely to have in this field.
inline std::uint32_t random_value(Random& random, ir::Field field) {
    using ir::Field;
    switch (field) {
    case Field::Proto:
    case Field::CtProto: return random.pick(kProtocols);
    case Field::L4State: return random.below(2);
    case Field::FragOff: return random.percent(60) ? 0 : random.below(20);
    case Field::SourcePort:
    case Field::DestinationPort:
    case Field::CtOrigSourcePort:
    case Field::CtOrigDestinationPort:
    case Field::CtReplySourcePort:
    case Field::CtReplyDestinationPort: return random.percent(90) ? random.pick(kPorts) : random.below(65536);
    case Field::IpLength: return random.percent(70) ? random.pick(kLengths) : random.between(20, 1500);
    case Field::ExtensionHeaders: return random.percent(90) ? random.word() & random.word() & 255 : 256;
    case Field::IcmpTypeCode: return random.below(16) << 8 | random.below(4);
    case Field::PacketType: return random.below(5);
    case Field::MacValid:
    case Field::CtPresent:
    case Field::CtDirection: return random.below(2);
    case Field::MacSourceHigh: return 0x0200 + random.below(3);
    case Field::MacSourceLow: return random.below(4);
    case Field::Owner: return random.below(3);
    case Field::Uid:
    case Field::Gid: return random.pick(kIds);
    case Field::CtState: return 1U << random.below(8);
    case Field::CtStatus: return random.word() & random.word() & 0xffff;
    case Field::CtExpires: return random.percent(50) ? random.below(200) : random.below(500000);
    case Field::Ttl:
        if (random.percent(50)) return random.percent(50) ? 64 : 1;
        break;
    case Field::Mark:
    case Field::CtMark:
        if (random.percent(70)) return random.below(17);
        break;
    case Field::Tos:
    case Field::TcpFlags: break;
    case Field::Cpu:
    case Field::Random:
    case Field::Realm:
    case Field::InGroup:
    case Field::OutGroup:
    case Field::FullSocket:
    case Field::SocketClass: return 0; // not in the view
    }
    return random.word() & largest(field);
}

} // namespace xtbpf::testing

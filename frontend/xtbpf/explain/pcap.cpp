// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/pcap.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_packet.h>

namespace xtbpf::tool {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d, kPcapng = 0x0a0d0d0a;
constexpr std::size_t kFileHeader = 24, kRecordHeader = 16;
constexpr std::uint32_t kLongest = 256 * 1024; // of a record: libpcap's own bound for a snapshot

// Numbers of https://www.tcpdump.org/linktypes.html
enum Link : std::uint32_t { Null = 0, Ethernet = 1, RawBsd = 12, Raw = 101, Cooked = 113, Ipv4 = 228, Ipv6 = 229 };

constexpr std::uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8;

std::uint16_t big16(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

// A number in the byte order of the machine that wrote the file.
struct Order {
    bool swapped = false;
    std::uint32_t word(Bytes bytes, std::size_t at) const {
        std::uint32_t value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return swapped ? __builtin_bswap32(value) : value;
    }
};

// How many bytes of the frame come before the network header; a text if there is none.
Result<std::size_t> ethernet(Bytes frame, Captured& out) {
    std::size_t at = 12;
    if (frame.size() < 14) return fail(ErrorKind::Refused, "cut off in the Ethernet header");
    while (frame.size() >= at + 6 && (big16(frame, at) == kVlan || big16(frame, at) == kServiceVlan))
        at += 4;
    const std::uint16_t type = big16(frame, at);
    if (type != kIpv4Type && type != kIpv6Type)
        return fail(ErrorKind::Refused, fmt::format("not IP (Ethernet type {:#06x})", type));
    std::copy_n(frame.begin() + 6, 6, out.source.emplace().begin());
    if ((frame[0] & 1) != 0)
        out.type = std::all_of(frame.begin(), frame.begin() + 6, [](auto byte) { return byte == 0xff; })
                       ? PACKET_BROADCAST
                       : PACKET_MULTICAST;
    return at + 2;
}

Result<std::size_t> cooked(Bytes frame, Captured& out) {
    constexpr std::size_t kHeader = 16;
    if (frame.size() < kHeader) return fail(ErrorKind::Refused, "cut off in the link header");
    const std::uint16_t type = big16(frame, 14);
    if (type != kIpv4Type && type != kIpv6Type)
        return fail(ErrorKind::Refused, fmt::format("not IP (type {:#06x})", type));
    if (big16(frame, 0) <= PACKET_OTHERHOST) out.type = static_cast<std::uint8_t>(big16(frame, 0));
    if (big16(frame, 4) == 6) std::copy_n(frame.begin() + 6, 6, out.source.emplace().begin());
    return kHeader;
}

Result<std::size_t> network_at(Link link, Bytes frame, Captured& out) {
    switch (link) {
    case Ethernet: return ethernet(frame, out);
    case Cooked: return cooked(frame, out);
    case Null:
        if (frame.size() < 4) return fail(ErrorKind::Refused, "cut off in the link header");
        return 4;
    default: return 0;
    }
}

} // namespace

Result<std::vector<Captured>> read_pcap(Bytes file) {
    if (file.size() < kFileHeader) return fail(ErrorKind::Refused, "not a pcap file: too short");
    Order order;
    std::uint32_t magic = order.word(file, 0);
    if (magic == kPcapng)
        return fail(ErrorKind::Refused, "a pcapng file: `tcpdump -r FILE -w OTHER' makes it a pcap file");
    if (magic != kMicroseconds && magic != kNanoseconds) {
        order.swapped = true;
        magic = order.word(file, 0);
    }
    if (magic != kMicroseconds && magic != kNanoseconds) return fail(ErrorKind::Refused, "not a pcap file");
    const std::uint32_t link = order.word(file, 20) & 0xffff; // the upper bits tell of a checksum behind the frame
    constexpr std::array kLinks{Null, Ethernet, RawBsd, Raw, Cooked, Ipv4, Ipv6};
    if (std::ranges::find(kLinks, link) == kLinks.end())
        return fail(ErrorKind::Refused, fmt::format("link type {} isn't known here", link));

    std::vector<Captured> out;
    for (std::size_t at = kFileHeader; at < file.size();) {
        if (file.size() - at < kRecordHeader) return fail(ErrorKind::Refused, "the file is cut off");
        const std::uint32_t here = order.word(file, at + 8), length = order.word(file, at + 12);
        at += kRecordHeader;
        if (here > kLongest || length > kLongest) return fail(ErrorKind::Refused, "a record of absurd length");
        if (here > file.size() - at) return fail(ErrorKind::Refused, "the file is cut off");
        const Bytes frame = file.subspan(at, here);
        at += here;
        Captured& one = out.emplace_back();
        one.number = out.size();
        const auto network = network_at(static_cast<Link>(link), frame, one);
        if (!network) {
            one.trouble = network.error().message;
            continue;
        }
        one.packet.assign(frame.begin() + static_cast<std::ptrdiff_t>(*network), frame.end());
        one.length = one.packet.size() + (length > here ? length - here : 0);
    }
    return out;
}

std::optional<Packet> packet_of(const Captured& captured) {
    std::vector<std::uint8_t> bytes = captured.packet;
    bytes.resize(captured.length); // what the capture has cut off is zero here, and unknown
    auto packet = packet_from_bytes(bytes);
    if (!packet) return packet;
    xt_view& view = packet->view;
    if (captured.packet.size() < packet->bytes.size()) {
        constexpr std::size_t kTransport = 20; // what the view holds of it
        if (captured.packet.size() < view.thoff + kTransport) return std::nullopt;
        packet->known.set_bytes(false);
    }
    const auto fill = [&](ir::Field field, std::uint32_t value) {
        write(view, field, value);
        packet->known.set(field);
    };
    if (captured.type) fill(ir::Field::PacketType, *captured.type);
    if (captured.source) {
        const auto& mac = *captured.source;
        const auto at = [&](std::size_t index) { return static_cast<std::uint32_t>(mac.at(index)); };
        fill(ir::Field::MacValid, 1);
        fill(ir::Field::MacSourceHigh, at(0) << 8 | at(1));
        fill(ir::Field::MacSourceLow, at(2) << 24 | at(3) << 16 | at(4) << 8 | at(5));
    }
    return packet;
}

} // namespace xtbpf::tool

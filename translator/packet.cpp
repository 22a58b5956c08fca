// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/packet.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace xtbpf {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kFragmentHeader = 8;
constexpr std::size_t kTcpHeader = 20;

// Extension headers that ipv6_ext_hdr() names (net/ipv6/exthdrs_core.c); ESP and Mobility count as transport.
enum NextHeader : std::uint8_t {
    HopByHop = 0,
    Routing = 43,
    Fragment = 44,
    Esp = 50,
    Authentication = 51,
    None = 59,
    Destination = 60
};

bool is_extension(std::uint8_t header) {
    switch (header) {
    case HopByHop:
    case Routing:
    case Fragment:
    case Authentication:
    case None:
    case Destination: return true;
    default: return false;
    }
}

std::uint16_t big16(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::uint32_t big32(Bytes bytes, std::size_t at) {
    return static_cast<std::uint32_t>(big16(bytes, at)) << 16 | big16(bytes, at + 2);
}

// The transport fields, each only if all its bytes are in the packet, TCP's only if all of its header is. They are read
// whatever the protocol is: predicates on them follow a ProtocolTest. `at` may lie behind the packet's end: the last
// extension header's length isn't checked.
void read_transport(xt_view& view, Bytes packet, std::size_t at) {
    view.thoff = static_cast<std::uint16_t>(std::min<std::size_t>(at, std::numeric_limits<std::uint16_t>::max()));
    if (view.thoff != at || at >= packet.size()) return;
    view.l4_avail = static_cast<std::uint32_t>(packet.size() - at);
    if (view.frag_off != 0) return;
    const Bytes header = packet.subspan(at);
    if (header.size() >= 2) view.sport = view.icmp_type_code = big16(header, 0);
    if (header.size() >= 4) view.dport = big16(header, 2);
    if (header.size() < kTcpHeader) return;
    view.tcp_doff = header[12] >> 4;
    view.tcp_flags = header[13];
}

// The checks are those of ip_rcv_core() (net/ipv4/ip_input.c), in its order; what it trims is trimmed.
std::optional<xt_view> parse_ipv4(Bytes bytes) {
    if (bytes.size() < kIpv4Header || bytes[0] >> 4 != 4) return std::nullopt;
    const std::size_t header = static_cast<std::size_t>(bytes[0] & 15) * 4;
    const std::size_t total = big16(bytes, 2);
    if (header < kIpv4Header || bytes.size() < header || bytes.size() < total || total < header) return std::nullopt;
    const Bytes packet = bytes.first(total);

    xt_view view{};
    view.len = view.ip_len = static_cast<std::uint32_t>(total);
    view.tos = packet[1];
    view.ttl = packet[8];
    view.proto = packet[9];
    view.saddr[0] = big32(packet, 12);
    view.daddr[0] = big32(packet, 16);
    view.frag_off = big16(packet, 6) & 0x1fff; // IP_OFFSET: in 8-byte units, as ipt_do_table keeps it
    read_transport(view, packet, header);
    return view;
}

// Where ipv6_find_hdr finds the first header of each kind.
void found(xt_view& view, std::uint8_t header, std::size_t at) {
    constexpr std::array<std::uint8_t, XT_EXTENSIONS> kKinds{HopByHop, Routing, Fragment, Authentication, Destination};
    const auto place = static_cast<std::size_t>(std::ranges::find(kKinds, header) - kKinds.begin());
    if (place < kKinds.size() && view.ext_at[place] == 0 && at <= 0xFFFF)
        view.ext_at[place] = static_cast<std::uint16_t>(at);
}

// The headers that ipv6header_mt6 finds (net/ipv6/netfilter/ip6t_ipv6header.c), which takes what follows the header of a later
// fragment for headers too.
std::uint16_t extension_headers(Bytes packet) {
    const auto bit = [](std::uint8_t header) -> std::uint16_t {
        switch (header) {
        case HopByHop: return 128;
        case Destination: return 64;
        case Routing: return 32;
        case Fragment: return 16;
        case Authentication: return 8;
        case Esp: return 4;
        case None: return 2;
        default: return 0;
        }
    };
    std::uint16_t headers = 0;
    std::uint8_t header = packet[6];
    for (std::size_t at = kIpv6Header; bit(header) != 0 && at <= packet.size();) {
        if (header != None && packet.size() - at < 2) return XT_EXT_CUT;
        headers |= bit(header);
        if (header == None || header == Esp) return headers;
        const std::size_t units = packet[at + 1];
        const std::uint8_t next = packet[at];
        at += header == Fragment ? kFragmentHeader : header == Authentication ? (units + 2) * 4 : (units + 1) * 8;
        header = next;
    }
    return header == None || header == Esp ? headers : headers | 1;
}

// Follows ipv6_find_hdr(skb, &offset, -1, &fragoff, NULL) (net/ipv6/exthdrs_core.c) as ip6_packet_match calls it: each
// header must have the bytes that are read of it, not the bytes its length field claims. Behind a later fragment's
// header only a transport protocol or "no next header" can be named; for anything else the search fails with fragoff
// still 0, so that ip6_packet_match takes it for a broken header too (seen on Linux 6.18).
void find_transport(xt_view& view, Bytes packet) {
    std::uint8_t header = packet[6];
    std::size_t at = kIpv6Header;
    const auto here = [&](std::size_t count) { return packet.size() >= at + count; };
    while (is_extension(header) && header != None) {
        const std::size_t needed = header == Routing || header == Fragment ? 4 : 2;
        if (!here(needed)) {
            view.l4 = XT_L4_BROKEN;
            view.ext_broken = 1;
            return;
        }
        found(view, header, at);
        const std::uint8_t next = packet[at];
        const std::size_t units = packet[at + 1];
        if (header == Fragment) {
            const std::uint16_t offset = big16(packet, at + 2) & 0xfff8;
            if (offset != 0) {
                if (is_extension(next) && next != None) {
                    view.l4 = XT_L4_BROKEN;
                    return;
                }
                view.proto = next;
                view.frag_off =
                    offset; // thoff stays 0: ipv6_find_hdr doesn't say where the rest of the header would be
                return;
            }
            at += kFragmentHeader;
        } else if (header == Authentication) {
            at += (units + 2) * 4; // ipv6_authlen
        } else {
            at += (units + 1) * 8; // ipv6_optlen
        }
        header = next;
    }
    view.proto = header;
    read_transport(view, packet, at);
}

// The length checks of ip6_rcv_core() (net/ipv6/ip6_input.c). A payload length of 0 before a hop-by-hop header is a
// jumbogram's: nothing is trimmed.
std::optional<xt_view> parse_ipv6(Bytes bytes) {
    if (bytes.size() < kIpv6Header || bytes[0] >> 4 != 6) return std::nullopt;
    const std::size_t payload = big16(bytes, 4);
    const bool jumbo = payload == 0 && bytes[6] == HopByHop;
    if (!jumbo && bytes.size() < payload + kIpv6Header) return std::nullopt;
    const Bytes packet = jumbo ? bytes : bytes.first(payload + kIpv6Header);

    xt_view view{};
    view.len = view.ip_len = static_cast<std::uint32_t>(packet.size());
    view.tos = static_cast<std::uint8_t>(big16(packet, 0) >> 4); // ipv6_get_dsfield
    view.ttl = packet[7];
    for (std::size_t word = 0; word < 4; ++word) {
        view.saddr[word] = big32(packet, 8 + 4 * word);
        view.daddr[word] = big32(packet, 24 + 4 * word);
    }
    view.ext_headers = extension_headers(packet);
    find_transport(view, packet);
    return view;
}

} // namespace

std::optional<xt_view> parse_packet(Family family, Bytes bytes) {
    std::optional<xt_view> view = family == Family::V4 ? parse_ipv4(bytes) : parse_ipv6(bytes);
    if (view) view->ct_state = 1; // XT_CONNTRACK_STATE_INVALID
    return view;
}

} // namespace xtbpf

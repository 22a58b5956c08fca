// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/packet.hpp"

#include "frontend/xtbpf/explain/ip_bytes.hpp"
#include "frontend/xtbpf/explain/packet_words.hpp"
#include "translator/packet.hpp"

#include <cstring>
#include <linux/if_packet.h>
#include <linux/netfilter/xt_conntrack.h>
namespace xtbpf::tool {

namespace {

using ir::AddressField;
using ir::Field;

void fill(Packet& packet, Field field, std::uint32_t value) {
    write(packet.view, field, value);
    packet.known.set(field);
}

bool is_port_protocol(std::uint8_t protocol) {
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP ||
           protocol == IPPROTO_UDPLITE;
}

std::uint8_t icmp_of(Family family) {
    if (family == Family::V4) return IPPROTO_ICMP;
    return IPPROTO_ICMPV6;
}

// Flags and ports say which protocol is meant, where they leave no choice.
std::optional<std::uint8_t> protocol_of(const Said& said) {
    if (said.protocol) return said.protocol;
    if (said.tcp_flags || said.mss) return IPPROTO_TCP;
    if (said.icmp_type || said.icmp_code) return icmp_of(*said.family);
    return std::nullopt;
}

// Nothing is known but what the words say and what makes the packet an ordinary one.
Result<Packet> ordinary(const Said& said) {
    const auto protocol = protocol_of(said);
    const bool tcp = protocol == IPPROTO_TCP, icmp = protocol && *protocol == icmp_of(*said.family);
    if ((said.sport || said.dport) && !(protocol && is_port_protocol(*protocol)))
        return fail(ErrorKind::BadParameter, "ports belong to tcp, udp, sctp, dccp or udplite: say which");
    if ((said.tcp_flags || said.mss) && !tcp) return fail(ErrorKind::BadParameter, "TCP flags and mss belong to tcp");
    if ((said.icmp_type || said.icmp_code) && !icmp)
        return fail(ErrorKind::BadParameter, "type and code belong to icmp (or icmpv6)");

    IpFields fields{.family = *said.family,
                    .source = said.source.value_or(ir::Words{}),
                    .destination = said.destination.value_or(ir::Words{}),
                    .protocol = protocol.value_or(IPPROTO_RAW),
                    .tos = said.tos.value_or(0),
                    .ttl = said.ttl.value_or(64),
                    .fragment = said.fragment.value_or(0),
                    .sport = said.sport.value_or(0),
                    .dport = said.dport.value_or(0),
                    .tcp_flags = said.tcp_flags.value_or(0),
                    .icmp_type = said.icmp_type.value_or(0),
                    .icmp_code = said.icmp_code.value_or(0),
                    .mss = said.mss.value_or(0),
                    .length = said.length.value_or(0)};
    if (*said.family == Family::V6) fields.fragment = static_cast<std::uint16_t>(fields.fragment * 8);
    Packet packet;
    packet.family = *said.family;
    packet.bytes = ip_bytes(fields);
    packet.view = *parse_packet(packet.family, packet.bytes);
    packet.known.set(Field::L4State);
    packet.known.set(Field::FragOff);
    packet.known.set(Field::ExtensionHeaders, !said.fragment);
    packet.known.set(Field::Proto, protocol.has_value());
    packet.known.set(Field::SourcePort, said.sport.has_value() || said.fragment);
    packet.known.set(Field::DestinationPort, said.dport.has_value() || said.fragment);
    packet.known.set(Field::TcpFlags, said.tcp_flags.has_value() || said.fragment);
    packet.known.set(Field::IcmpTypeCode, said.icmp_type.has_value() || said.fragment);
    packet.known.set(Field::Tos, said.tos.has_value());
    packet.known.set(Field::Ttl, said.ttl.has_value());
    packet.known.set(Field::IpLength, said.length.has_value());
    packet.known.set(AddressField::Source, said.source.has_value());
    packet.known.set(AddressField::Destination, said.destination.has_value());
    packet.known.set_mss(said.mss.has_value());
    return packet;
}

// Of a packet whose bytes are given.
Result<Packet> whole(const Said& said) {
    auto packet = packet_from_bytes(*said.bytes);
    if (!packet) return fail(ErrorKind::BadParameter, "hex: not an IP packet");
    return std::move(*packet);
}

// What the destination tells, unless the words do: a unicast packet is to this host.
void fill_type(Packet& packet, const Said& said) {
    if (said.packet_type) return fill(packet, Field::PacketType, *said.packet_type);
    if (packet.known.has(Field::PacketType) || !packet.known.has(AddressField::Destination)) return;
    const std::uint32_t first = packet.view.daddr[0];
    const bool v4 = packet.family == Family::V4;
    const bool multicast = v4 ? first >> 28 == 14 : first >> 24 == 0xff;
    fill(packet, Field::PacketType, v4 && first == ~0U ? PACKET_BROADCAST : multicast ? PACKET_MULTICAST : PACKET_HOST);
}

// A new connection's entry is made of this packet: nothing about it is a secret.
void fill_new_connection(Packet& packet, const Said& said) {
    fill(packet, Field::CtStatus, said.status.value_or(0));
    fill(packet, Field::CtMark, said.connection_mark.value_or(0));
    fill(packet, Field::CtDirection, 0);
    xt_view& view = packet.view;
    std::memcpy(view.ct_orig_src, view.saddr, sizeof view.saddr);
    std::memcpy(view.ct_orig_dst, view.daddr, sizeof view.daddr);
    std::memcpy(view.ct_repl_src, view.daddr, sizeof view.daddr);
    std::memcpy(view.ct_repl_dst, view.saddr, sizeof view.saddr);
    const bool source = packet.known.has(AddressField::Source),
               destination = packet.known.has(AddressField::Destination);
    packet.known.set(AddressField::CtOrigSource, source);
    packet.known.set(AddressField::CtReplyDestination, source);
    packet.known.set(AddressField::CtOrigDestination, destination);
    packet.known.set(AddressField::CtReplySource, destination);
    if (!packet.known.has(Field::Proto) || !is_port_protocol(view.proto)) return;
    view.ct_orig_sport = view.ct_repl_dport = view.sport;
    view.ct_orig_dport = view.ct_repl_sport = view.dport;
    for (const Field field : {Field::CtOrigSourcePort, Field::CtReplyDestinationPort})
        packet.known.set(field, packet.known.has(Field::SourcePort));
    for (const Field field : {Field::CtOrigDestinationPort, Field::CtReplySourcePort})
        packet.known.set(field, packet.known.has(Field::DestinationPort));
}

void fill_connection(Packet& packet, const Said& said) {
    packet.known.set_connection(false);
    if (!said.state) return;
    packet.state = said.state;
    constexpr std::array<std::uint32_t, 5> kBits{
        XT_CONNTRACK_STATE_BIT(IP_CT_NEW), XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED),
        XT_CONNTRACK_STATE_BIT(IP_CT_RELATED), XT_CONNTRACK_STATE_INVALID, XT_CONNTRACK_STATE_UNTRACKED};
    const bool entry = *said.state != State::Invalid && *said.state != State::Untracked;
    if (!entry) packet.known.set_connection(true); // there is none
    fill(packet, Field::CtState, kBits.at(static_cast<std::size_t>(*said.state)));
    fill(packet, Field::CtPresent, entry);
    if (!entry) return;
    if (packet.known.has(Field::Proto)) fill(packet, Field::CtProto, packet.view.proto);
    if (*said.state == State::New) fill_new_connection(packet, said);
    if (said.status) fill(packet, Field::CtStatus, *said.status);
    if (said.connection_mark) fill(packet, Field::CtMark, *said.connection_mark);
    if (said.reply) fill(packet, Field::CtDirection, *said.reply);
    if (packet.known.has(Field::CtStatus)) {
        const std::uint32_t status = packet.view.ct_status;
        if ((status & IPS_SRC_NAT) != 0) packet.view.ct_state |= XT_CONNTRACK_STATE_SNAT;
        if ((status & IPS_DST_NAT) != 0) packet.view.ct_state |= XT_CONNTRACK_STATE_DNAT;
    }
}

void fill_surroundings(Packet& packet, const Said& said) {
    fill(packet, Field::Mark, said.mark.value_or(0));
    if (said.mac) {
        const auto& mac = *said.mac;
        fill(packet, Field::MacValid, 1);
        fill(packet, Field::MacSourceHigh, static_cast<std::uint32_t>(mac[0] << 8 | mac[1]));
        fill(packet, Field::MacSourceLow,
             static_cast<std::uint32_t>(mac[2]) << 24 |
                 static_cast<std::uint32_t>(mac[3] << 16 | mac[4] << 8 | mac[5]));
    }
    if (said.no_socket) fill(packet, Field::Owner, XT_OWNER_NO_SOCKET);
    if (said.uid || said.gid) fill(packet, Field::Owner, XT_OWNER_FILE);
    if (said.uid) fill(packet, Field::Uid, *said.uid);
    if (said.gid) fill(packet, Field::Gid, *said.gid);
}

} // namespace

std::optional<Packet> packet_from_bytes(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return std::nullopt;
    Packet packet;
    packet.family = bytes[0] >> 4 == 6 ? Family::V6 : Family::V4;
    packet.bytes.assign(bytes.begin(), bytes.end());
    const auto view = parse_packet(packet.family, bytes);
    if (!view) return std::nullopt;
    packet.view = *view;
    packet.bytes.resize(view->len);
    packet.known = Knowledge::everything();
    for (const Field field : {Field::PacketType, Field::MacValid, Field::MacSourceHigh, Field::MacSourceLow,
                              Field::Owner, Field::Uid, Field::Gid})
        packet.known.set(field, false);
    packet.known.set_connection(false);
    return packet;
}

Result<Packet> packet_from_words(const std::vector<std::string>& words, std::optional<Family> family,
                                 const Packet* base) {
    const auto said = read_words(words, base != nullptr ? base->family : family);
    if (!said) return std::unexpected(said.error());
    const bool about_header = said->source || said->destination || protocol_of(*said) || said->sport || said->dport ||
                              said->tos || said->ttl || said->length || said->fragment;
    if ((base != nullptr || said->bytes) && (about_header || (base != nullptr && said->bytes)))
        return fail(ErrorKind::BadParameter, "the packet's headers are given already: words can't change them");
    Result<Packet> packet = base != nullptr ? Result<Packet>(*base) : said->bytes ? whole(*said) : ordinary(*said);
    if (!packet) return packet;
    fill_type(*packet, *said);
    fill_connection(*packet, *said);
    fill_surroundings(*packet, *said);
    for (const std::string& word : words)
        packet->words += (packet->words.empty() ? "" : " ") + word;
    return packet;
}

} // namespace xtbpf::tool

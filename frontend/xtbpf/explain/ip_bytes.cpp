// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/ip_bytes.hpp"

#include <algorithm>
#include <netinet/in.h>

namespace xtbpf::tool {

namespace {

using Bytes = std::vector<std::uint8_t>;

void big16(Bytes& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void big32(Bytes& out, std::uint32_t value) {
    big16(out, value >> 16);
    big16(out, value & 0xffff);
}

// Longer than any fixed header of a transport protocol.
constexpr std::size_t kUnknownTransport = 40;

Bytes transport(const IpFields& fields) {
    Bytes out;
    switch (fields.protocol) {
    case IPPROTO_TCP:
        big16(out, fields.sport);
        big16(out, fields.dport);
        big32(out, 0);
        big32(out, 0);
        out.push_back(fields.mss != 0 ? 6 << 4 : 5 << 4);
        out.push_back(fields.tcp_flags);
        big16(out, 65535);
        big32(out, 0);
        if (fields.mss != 0) big32(out, 2U << 24 | 4U << 16 | fields.mss);
        return out;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        out.push_back(fields.icmp_type);
        out.push_back(fields.icmp_code);
        out.resize(8);
        return out;
    default:
        big16(out, fields.sport);
        big16(out, fields.dport);
        out.resize(fields.protocol == IPPROTO_UDP ? 8 : kUnknownTransport);
        return out;
    }
}

void ipv4(Bytes& out, const IpFields& fields, std::size_t total) {
    out.push_back(0x45);
    out.push_back(fields.tos);
    big16(out, static_cast<std::uint32_t>(total));
    big16(out, 0);
    big16(out, fields.fragment);
    out.push_back(fields.ttl);
    out.push_back(fields.protocol);
    big16(out, 0);
    big32(out, fields.source[0]);
    big32(out, fields.destination[0]);
}

void ipv6(Bytes& out, const IpFields& fields, std::size_t total) {
    big32(out, 6U << 28 | static_cast<std::uint32_t>(fields.tos) << 20);
    big16(out, static_cast<std::uint32_t>(total - 40));
    const std::uint8_t next = fields.fragment != 0 ? std::uint8_t{IPPROTO_FRAGMENT} : fields.protocol;
    out.push_back(next);
    out.push_back(fields.ttl);
    for (const std::uint32_t word : fields.source)
        big32(out, word);
    for (const std::uint32_t word : fields.destination)
        big32(out, word);
    if (fields.fragment == 0) return;
    out.push_back(fields.protocol);
    out.push_back(0);
    big16(out, fields.fragment);
    big32(out, 0);
}

} // namespace

std::vector<std::uint8_t> ip_bytes(const IpFields& fields) {
    const std::size_t header = fields.family == Family::V4 ? 20 : fields.fragment != 0 ? 48 : 40;
    const Bytes rest = transport(fields);
    const std::size_t total = std::clamp<std::size_t>(fields.length, header + rest.size(), 65535);
    Bytes out;
    if (fields.family == Family::V4)
        ipv4(out, fields, total);
    else
        ipv6(out, fields, total);
    out.insert(out.end(), rest.begin(), rest.end());
    out.resize(total);
    return out;
}

} // namespace xtbpf::tool

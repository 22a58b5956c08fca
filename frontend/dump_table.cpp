// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/dump_table.hpp"

#include "frontend/iptc/entry.hpp"
#include "frontend/iptc/extension_codec.hpp"
#include "frontend/iptc/layout.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fmt/format.h>
#include <limits.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

namespace xtbpf {

namespace {

using iptc::View;

template <typename Struct> Struct at(View bytes) {
    Struct value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

void address4(std::string& out, const char* which, const in_addr& address, const in_addr& mask) {
    char text[2][INET_ADDRSTRLEN];
    ::inet_ntop(AF_INET, &address, text[0], sizeof text[0]);
    ::inet_ntop(AF_INET, &mask, text[1], sizeof text[1]);
    fmt::format_to(std::back_inserter(out), "{} IP: {}/{}\n", which, text[0], text[1]);
}

// The length of a prefix, if the mask is one.
int prefix_length(const in6_addr& mask) {
    int bits = 0;
    while (bits < 128 && (mask.s6_addr[bits / 8] >> (7 - bits % 8) & 1) != 0)
        ++bits;
    for (int bit = bits; bit < 128; ++bit)
        if ((mask.s6_addr[bit / 8] >> (7 - bit % 8) & 1) != 0) return -1;
    return bits;
}

void address6(std::string& out, const char* which, const in6_addr& address, const in6_addr& mask) {
    char text[INET6_ADDRSTRLEN];
    fmt::format_to(std::back_inserter(out), "{} IP: \n{}\n/", which,
                   ::inet_ntop(AF_INET6, &address, text, sizeof text));
    if (const int bits = prefix_length(mask); bits >= 0)
        fmt::format_to(std::back_inserter(out), "{}\n", bits);
    else
        fmt::format_to(std::back_inserter(out), "{}\n\n", ::inet_ntop(AF_INET6, &mask, text, sizeof text));
}

template <typename Head> void devices(std::string& out, const Head& head) {
    const auto one = [&](const char* name, const unsigned char* mask) {
        fmt::format_to(std::back_inserter(out), "`{}'/", std::string_view(name, ::strnlen(name, IFNAMSIZ)));
        for (std::size_t i = 0; i < IFNAMSIZ; ++i)
            out += mask[i] != 0 ? 'X' : '.';
    };
    out += "Interface: ";
    one(head.iniface, head.iniface_mask);
    out += "to ";
    one(head.outiface, head.outiface_mask);
}

template <typename Head> void flags(std::string& out, const Head& head) {
    fmt::format_to(std::back_inserter(out), "Flags: {:02X}\nInvflags: {:02X}\n", head.flags, head.invflags);
}

std::string_view verdict_name(std::int32_t verdict) {
    switch (verdict) {
    case -NF_ACCEPT - 1: return "NF_ACCEPT";
    case -NF_DROP - 1: return "NF_DROP";
    case -NF_QUEUE - 1: return "NF_QUEUE";
    case XT_RETURN: return "RETURN";
    default: return "UNKNOWN";
    }
}

iptc::Answer<void> extensions(std::string& out, View entry, Family family) {
    const std::size_t target = iptc::head_of(entry, family).target_offset;
    for (std::size_t match = iptc::entry_size(family); match < target;) {
        const iptc::Structure one = iptc::structure_at(entry.subspan(match));
        fmt::format_to(std::back_inserter(out), "Match name: `{}'\n", one.name);
        match += one.size;
    }
    const iptc::Structure last = iptc::structure_at(entry.subspan(target));
    fmt::format_to(std::back_inserter(out), "Target name: `{}' [{}]\n", last.name, last.size);
    const auto plain = iptc::plain_target(entry, family);
    if (!plain) return std::unexpected(plain.error());
    if (plain->verdict && *plain->verdict < 0)
        fmt::format_to(std::back_inserter(out), "verdict={}\n", verdict_name(*plain->verdict));
    else if (plain->verdict)
        fmt::format_to(std::back_inserter(out), "verdict={}\n", *plain->verdict);
    else if (plain->error)
        fmt::format_to(std::back_inserter(out), "error=`{}'\n", *plain->error);
    out += '\n';
    return {};
}

void head(std::string& out, View entry, Family family, const Counters& counters) {
    if (family == Family::V4) {
        const auto ip = at<ipt_entry>(entry).ip;
        address4(out, "SRC", ip.src, ip.smsk);
        address4(out, "DST", ip.dst, ip.dmsk);
        devices(out, ip);
        fmt::format_to(std::back_inserter(out), "\nProtocol: {}\n", ip.proto);
        flags(out, ip);
    } else {
        const auto ip = at<ip6t_entry>(entry).ipv6;
        address6(out, "SRC", ip.src, ip.smsk);
        address6(out, "DST", ip.dst, ip.dmsk);
        devices(out, ip);
        fmt::format_to(std::back_inserter(out), "\nProtocol: {}\n", ip.proto);
        if ((ip.flags & IP6T_F_TOS) != 0) fmt::format_to(std::back_inserter(out), "TOS: {}\n", ip.tos);
        flags(out, ip);
    }
    fmt::format_to(std::back_inserter(out), "Counters: {} packets, {} bytes\nCache: 00000000\n", counters.packets,
                   counters.bytes);
}

void hooks(std::string& out, std::string_view what, const iptc::Layout& layout,
           const std::array<std::uint32_t, kHooks>& offsets) {
    fmt::format_to(std::back_inserter(out), "{}: pre/in/fwd/out/post = ", what);
    for (std::size_t hook = 0; hook < kHooks; ++hook) {
        const bool there = (layout.valid_hooks >> hook & 1) != 0;
        fmt::format_to(std::back_inserter(out), "{}{:x}", hook == 0 ? "" : "/", there ? offsets[hook] : 0xffffffffU);
    }
    out += '\n';
}

iptc::Answer<std::string> dump_table(const StoredTable& table) {
    const auto layout = iptc::encode_table(table);
    if (!layout) return std::unexpected(layout.error());
    std::string out =
        fmt::format("libiptc vlibxtables.so.12. {} bytes.\nTable `{}'\n", layout->entries.size(), name(table.id));
    hooks(out, "Hooks", *layout, layout->hook_entry);
    hooks(out, "Underflows", *layout, layout->underflow);
    std::size_t number = 0;
    for (std::size_t offset = 0; offset < layout->entries.size(); ++number) {
        const View entry = View(layout->entries).subspan(offset);
        fmt::format_to(std::back_inserter(out), "Entry {} ({}):\n", number, offset);
        head(out, entry, table.family, layout->counters[number]);
        if (auto done = extensions(out, entry, table.family); !done) return std::unexpected(done.error());
        offset += iptc::head_of(entry, table.family).next_offset;
    }
    return out;
}

} // namespace

void dump_to(const Streams& streams, const Program& program, const StoredTable& table) {
    if (const auto text = dump_table(table))
        streams.say(*text);
    else
        streams.warn(fmt::format("{}: no dump: {}\n", program.name, text.error().why));
}

} // namespace xtbpf

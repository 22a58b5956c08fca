// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/head.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

namespace xtbpf::iptc {

namespace {

// The bits of `invflags` are the same in both families.
static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT &&
              IPT_INV_SRCIP == IP6T_INV_SRCIP && IPT_INV_DSTIP == IP6T_INV_DSTIP && IPT_INV_PROTO == IP6T_INV_PROTO);
static_assert(IFNAMSIZ == 16);

ipt_ip& base(ipt_entry& entry) { return entry.ip; }
ip6t_ip6& base(ip6t_entry& entry) { return entry.ipv6; }

template <typename Entry> Entry read(View bytes) {
    Entry entry;
    std::memcpy(static_cast<void*>(&entry), bytes.data(), sizeof entry);
    return entry;
}

template <typename Entry> void write(std::span<std::uint8_t> bytes, const Entry& entry) {
    std::memcpy(bytes.data(), static_cast<const void*>(&entry), sizeof entry);
}

void put(in_addr& to, const ir::Words& words) { to.s_addr = htonl(words[0]); }
void put(in6_addr& to, const ir::Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        to.s6_addr32[i] = htonl(words[i]);
}
void take(const in_addr& from, ir::Words& words) { words = {ntohl(from.s_addr)}; }
void take(const in6_addr& from, ir::Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = ntohl(from.s6_addr32[i]);
}

// xtables_parse_interface: the `+` of a prefix stays in the name, outside the mask.
void put_device(char (&to)[IFNAMSIZ], unsigned char (&mask)[IFNAMSIZ], std::string_view name) {
    if (name.empty()) return;
    name.copy(to, IFNAMSIZ - 1);
    const std::size_t compared = name.back() == '+' ? name.size() - 1 : name.size() + 1;
    std::fill_n(mask, std::min<std::size_t>(compared, IFNAMSIZ), static_cast<unsigned char>(0xff));
}

bool take_device(const char (&from)[IFNAMSIZ], const unsigned char (&mask)[IFNAMSIZ], bool inverted,
                 std::string& name) {
    const std::size_t compared = static_cast<std::size_t>(std::ranges::count(mask, 0xff));
    if (std::any_of(mask + compared, mask + IFNAMSIZ, [](unsigned char byte) { return byte != 0; })) return false;
    for (std::size_t i = 0; i < compared; ++i)
        if (mask[i] != 0xff) return false;
    if (compared == 0) {
        if (inverted) name = "+";
        return true;
    }
    const bool whole = from[compared - 1] == '\0';
    name.assign(from, whole ? compared - 1 : compared);
    if (!whole) name += '+';
    return !name.contains('\0') && !name.empty() && name.size() < IFNAMSIZ;
}

void normalize_device(char (&name)[IFNAMSIZ], unsigned char (&mask)[IFNAMSIZ]) {
    const auto compared = static_cast<std::size_t>(std::ranges::count(mask, 0xff));
    const bool prefix = compared > 0 && compared < IFNAMSIZ && name[compared - 1] != '\0';
    std::fill(name + compared, name + IFNAMSIZ, '\0');
    if (prefix) name[compared] = '+';
    if (compared == 0) name[0] = '\0';
}

template <typename Entry> Bytes encode(const Rule& rule) {
    Entry entry{};
    auto& ip = base(entry);
    put(ip.src, rule.source.address);
    put(ip.smsk, rule.source.mask);
    put(ip.dst, rule.destination.address);
    put(ip.dmsk, rule.destination.mask);
    put_device(ip.iniface, ip.iniface_mask, rule.in);
    put_device(ip.outiface, ip.outiface_mask, rule.out);
    ip.proto = rule.protocol;
    const auto invert = [&ip](bool inverted, unsigned bit) {
        if (inverted) ip.invflags = static_cast<std::uint8_t>(ip.invflags | bit);
    };
    invert(rule.not_source, IPT_INV_SRCIP);
    invert(rule.not_destination, IPT_INV_DSTIP);
    invert(rule.not_in, IPT_INV_VIA_IN);
    invert(rule.not_out, IPT_INV_VIA_OUT);
    invert(rule.not_protocol, XT_INV_PROTO);
    if constexpr (std::is_same_v<Entry, ipt_entry>) {
        invert(rule.fragment && rule.not_fragment, IPT_INV_FRAG);
        ip.flags = static_cast<std::uint8_t>((rule.fragment ? IPT_F_FRAG : 0) | (rule.is_goto ? IPT_F_GOTO : 0));
    } else {
        ip.flags =
            static_cast<std::uint8_t>((rule.protocol != 0 ? IP6T_F_PROTO : 0) | (rule.is_goto ? IP6T_F_GOTO : 0));
    }
    Bytes bytes(sizeof entry);
    write(bytes, entry);
    return bytes;
}

template <typename Entry> bool decode(View bytes, Rule& rule) {
    auto entry = read<Entry>(bytes);
    const auto& ip = base(entry);
    take(ip.src, rule.source.address);
    take(ip.smsk, rule.source.mask);
    take(ip.dst, rule.destination.address);
    take(ip.dmsk, rule.destination.mask);
    rule.protocol = ip.proto;
    rule.not_source = ip.invflags & IPT_INV_SRCIP;
    rule.not_destination = ip.invflags & IPT_INV_DSTIP;
    rule.not_in = ip.invflags & IPT_INV_VIA_IN;
    rule.not_out = ip.invflags & IPT_INV_VIA_OUT;
    rule.not_protocol = ip.invflags & XT_INV_PROTO;
    if constexpr (std::is_same_v<Entry, ipt_entry>) {
        rule.fragment = ip.flags & IPT_F_FRAG;
        rule.not_fragment = rule.fragment && (ip.invflags & IPT_INV_FRAG);
        rule.is_goto = ip.flags & IPT_F_GOTO;
    } else {
        rule.is_goto = ip.flags & IP6T_F_GOTO;
    }
    return ip.proto <= 0xff && take_device(ip.iniface, ip.iniface_mask, rule.not_in, rule.in) &&
           take_device(ip.outiface, ip.outiface_mask, rule.not_out, rule.out);
}

template <typename Entry> void normalize(std::span<std::uint8_t> bytes) {
    auto entry = read<Entry>(bytes);
    normalize_device(base(entry).iniface, base(entry).iniface_mask);
    normalize_device(base(entry).outiface, base(entry).outiface_mask);
    if constexpr (std::is_same_v<Entry, ip6t_entry>) {
        if (base(entry).proto == 0) base(entry).flags &= static_cast<std::uint8_t>(~IP6T_F_PROTO); // `-p all`
    }
    entry.nfcache = 0;
    entry.comefrom = 0;
    entry.counters = {};
    write(bytes, entry);
}

} // namespace

std::size_t entry_size(Family family) { return family == Family::V4 ? sizeof(ipt_entry) : sizeof(ip6t_entry); }

EntryHead head_of(View entry, Family family) {
    if (family == Family::V4) {
        const auto head = read<ipt_entry>(entry);
        return {head.target_offset, head.next_offset};
    }
    const auto head = read<ip6t_entry>(entry);
    return {head.target_offset, head.next_offset};
}

Bytes encode_head(const Rule& rule) {
    return rule.family == Family::V4 ? encode<ipt_entry>(rule) : encode<ip6t_entry>(rule);
}

void set_offsets(std::span<std::uint8_t> bytes, Family family, std::size_t target, std::size_t next) {
    const auto set = [&](auto entry) {
        entry.target_offset = static_cast<std::uint16_t>(target);
        entry.next_offset = static_cast<std::uint16_t>(next);
        write(bytes, entry);
    };
    if (family == Family::V4)
        set(read<ipt_entry>(bytes));
    else
        set(read<ip6t_entry>(bytes));
}

void set_counters(std::span<std::uint8_t> bytes, Family family, const Counters& counters) {
    const auto set = [&](auto entry) {
        entry.counters = {counters.packets, counters.bytes};
        write(bytes, entry);
    };
    if (family == Family::V4)
        set(read<ipt_entry>(bytes));
    else
        set(read<ip6t_entry>(bytes));
}

bool decode_head(View entry, Rule& rule) {
    return rule.family == Family::V4 ? decode<ipt_entry>(entry, rule) : decode<ip6t_entry>(entry, rule);
}

void normalize_head(std::span<std::uint8_t> entry, Family family) {
    if (family == Family::V4)
        normalize<ipt_entry>(entry);
    else
        normalize<ip6t_entry>(entry);
}

} // namespace xtbpf::iptc

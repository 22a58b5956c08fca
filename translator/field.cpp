// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/field.hpp"

#include <array>
#include <cstring>

namespace xtbpf::ir {

namespace {

#define XT_FIELD(text, member)                                                                                         \
    FieldLayout { text, offsetof(xt_view, member), sizeof(xt_view::member) }

// In the order of Field.
constexpr std::array<FieldLayout, kAllFields> kLayouts{{
    XT_FIELD("proto", proto),
    XT_FIELD("l4", l4),
    XT_FIELD("frag-off", frag_off),
    XT_FIELD("sport", sport),
    XT_FIELD("dport", dport),
    XT_FIELD("tcp-flags", tcp_flags),
    XT_FIELD("icmp", icmp_type_code),
    XT_FIELD("ext-headers", ext_headers),
    XT_FIELD("ip-len", ip_len),
    XT_FIELD("tos", tos),
    XT_FIELD("ttl", ttl),
    XT_FIELD("mark", mark),
    XT_FIELD("pkttype", pkttype),
    XT_FIELD("mac-valid", mac_valid),
    XT_FIELD("mac-src-hi", mac_src_hi),
    XT_FIELD("mac-src-lo", mac_src_lo),
    XT_FIELD("owner", owner),
    XT_FIELD("uid", uid),
    XT_FIELD("gid", gid),
    XT_FIELD("ct", ct_present),
    XT_FIELD("ct-state", ct_state),
    XT_FIELD("ct-status", ct_status),
    XT_FIELD("ct-mark", ct_mark),
    XT_FIELD("ct-expires", ct_expires),
    XT_FIELD("ct-dir", ct_dir),
    XT_FIELD("ct-proto", ct_proto),
    XT_FIELD("ct-orig-sport", ct_orig_sport),
    XT_FIELD("ct-orig-dport", ct_orig_dport),
    XT_FIELD("ct-repl-sport", ct_repl_sport),
    XT_FIELD("ct-repl-dport", ct_repl_dport),
    FieldLayout{"cpu", 0, 4},
    FieldLayout{"random", 0, 4},
    FieldLayout{"realm", 0, 4},
    FieldLayout{"in-group", 0, 4},
    FieldLayout{"out-group", 0, 4},
    FieldLayout{"full-socket", 0, 4},
    FieldLayout{"classid", 0, 4},
}};

constexpr std::array<FieldLayout, 6> kAddressLayouts{{
    XT_FIELD("src", saddr),
    XT_FIELD("dst", daddr),
    XT_FIELD("ct-orig-src", ct_orig_src),
    XT_FIELD("ct-orig-dst", ct_orig_dst),
    XT_FIELD("ct-repl-src", ct_repl_src),
    XT_FIELD("ct-repl-dst", ct_repl_dst),
}};

#undef XT_FIELD

} // namespace

const FieldLayout& layout(Field field) { return kLayouts[static_cast<std::size_t>(field)]; }

const FieldLayout& layout(AddressField field) { return kAddressLayouts[static_cast<std::size_t>(field)]; }

std::uint32_t read(const xt_view& view, Field field) {
    if (is_lazy(field)) return 0;
    const FieldLayout& where = layout(field);
    const auto* at = reinterpret_cast<const std::uint8_t*>(&view) + where.offset;
    if (where.size == 1) return *at;
    if (where.size == 2) {
        std::uint16_t half;
        std::memcpy(&half, at, sizeof half);
        return half;
    }
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

void write(xt_view& view, Field field, std::uint32_t value) {
    if (is_lazy(field)) return;
    const FieldLayout& where = layout(field);
    auto* at = reinterpret_cast<std::uint8_t*>(&view) + where.offset;
    const auto byte = static_cast<std::uint8_t>(value);
    const auto half = static_cast<std::uint16_t>(value);
    if (where.size == 1)
        std::memcpy(at, &byte, 1);
    else if (where.size == 2)
        std::memcpy(at, &half, 2);
    else
        std::memcpy(at, &value, 4);
}

void write(xt_view& view, AddressField field, const Words& words) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(&view) + layout(field).offset, words.data(), sizeof words);
}

} // namespace xtbpf::ir

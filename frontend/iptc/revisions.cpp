// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/revisions.hpp"

#include "frontend/extensions/structure.hpp"
#include "frontend/iptc/extension_codec.hpp"
#include "frontend/iptc/head.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_state.h>
#include <optional>

namespace xtbpf::iptc {

namespace {

using Data = std::vector<std::uint8_t>;
using OldNat = nf_nat_ipv4_multi_range_compat;

// Between an older structure and the one that the extension has; nullopt: not to be said there.
struct Older {
    bool target;
    std::string_view name, newer_name;
    std::uint8_t revision, newer_revision;
    std::size_t size, newer_size;
    bool ipv6, by_name; // by_name: programs take it for the older one without a look at the revision
    std::optional<Data> (*modernize)(View data);
    std::optional<Data> (*date)(View data);
};

std::optional<Data> nat_modernized(View data) {
    const auto old = info_from<OldNat>(data);
    if (old.rangesize != 1) return std::nullopt;
    auto& range = blank<nf_nat_range2>();
    range.flags = old.range[0].flags;
    range.min_addr.ip = old.range[0].min_ip;
    range.max_addr.ip = old.range[0].max_ip;
    range.min_proto = old.range[0].min;
    range.max_proto = old.range[0].max;
    return info_bytes(range);
}

std::optional<Data> nat_dated(View data) {
    const auto range = info_from<nf_nat_range2>(data);
    if (range.flags & NF_NAT_RANGE_PROTO_OFFSET) return std::nullopt;
    return info_bytes(OldNat{.rangesize = 1,
                             .range = {{.flags = range.flags,
                                        .min_ip = range.min_addr.ip,
                                        .max_ip = range.max_addr.ip,
                                        .min = range.min_proto,
                                        .max = range.max_proto}}});
}

// Untracked has another bit there (XT_STATE_UNTRACKED).
std::optional<Data> state_modernized(View data) {
    const unsigned states = info_from<xt_state_info>(data).statemask;
    auto& info = blank<xt_conntrack_mtinfo3>();
    info.match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS;
    info.state_mask = static_cast<std::uint16_t>(states & ~unsigned{XT_STATE_UNTRACKED});
    set_bit(info.state_mask, XT_CONNTRACK_STATE_UNTRACKED, (states & XT_STATE_UNTRACKED) != 0);
    return info_bytes(info);
}

std::optional<Data> state_dated(View data) {
    const auto info = info_from<xt_conntrack_mtinfo3>(data);
    if (!(info.match_flags & XT_CONNTRACK_STATE_ALIAS) || info.invert_flags != 0) return std::nullopt;
    unsigned states = info.state_mask & ~unsigned{XT_CONNTRACK_STATE_UNTRACKED};
    if (info.state_mask & XT_CONNTRACK_STATE_UNTRACKED) states |= XT_STATE_UNTRACKED;
    return info_bytes(xt_state_info{.statemask = states});
}

std::optional<Data> connmark_modernized(View data) {
    const auto old = info_from<xt_connmark_tginfo1>(data);
    auto& info = blank<xt_connmark_tginfo2>();
    info.ctmark = old.ctmark;
    info.ctmask = old.ctmask;
    info.nfmask = old.nfmask;
    info.mode = old.mode;
    return info_bytes(info);
}

std::optional<Data> connmark_dated(View data) {
    const auto info = info_from<xt_connmark_tginfo2>(data);
    if (info.shift_bits != 0 || info.shift_dir != 0) return std::nullopt;
    auto& old = blank<xt_connmark_tginfo1>();
    old.ctmark = info.ctmark;
    old.ctmask = info.ctmask;
    old.nfmask = info.nfmask;
    old.mode = info.mode;
    return info_bytes(old);
}

constexpr std::array kOlder{
    Older{.target = true,
          .name = "DNAT",
          .newer_name = "DNAT",
          .revision = 0,
          .newer_revision = 2,
          .size = info_size<OldNat>,
          .newer_size = info_size<nf_nat_range2>,
          .ipv6 = false,
          .by_name = true,
          .modernize = nat_modernized,
          .date = nat_dated},
    Older{.target = false,
          .name = "state",
          .newer_name = "conntrack",
          .revision = 0,
          .newer_revision = 3,
          .size = info_size<xt_state_info>,
          .newer_size = info_size<xt_conntrack_mtinfo3>,
          .ipv6 = true,
          .by_name = false,
          .modernize = state_modernized,
          .date = state_dated},
    Older{.target = true,
          .name = "CONNMARK",
          .newer_name = "CONNMARK",
          .revision = 1,
          .newer_revision = 2,
          .size = info_size<xt_connmark_tginfo1>,
          .newer_size = info_size<xt_connmark_tginfo2>,
          .ipv6 = true,
          .by_name = false,
          .modernize = connmark_modernized,
          .date = connmark_dated},
};

// Each structure of the entry as `change` wants it, or as it is.
template <typename Change> Bytes rewritten(View entry, Family family, Change change) {
    const EntryHead head = head_of(entry, family);
    Bytes out(entry.begin(), entry.begin() + static_cast<std::ptrdiff_t>(entry_size(family)));
    std::size_t target = 0;
    for (std::size_t at = entry_size(family); at < head.next_offset;) {
        const bool is_target = at >= head.target_offset;
        const View bytes =
            entry.subspan(at, is_target ? head.next_offset - at : std::size_t{structure_at(entry.subspan(at)).size});
        if (is_target) target = out.size();
        if (!change(structure_at(bytes), is_target, out)) out.insert(out.end(), bytes.begin(), bytes.end());
        at += bytes.size();
    }
    set_offsets(out, family, target, out.size());
    return out;
}

void append(Bytes& out, std::string_view name, std::uint8_t revision, const Data& data) {
    append_structure(out, name, revision, sizeof(xt_entry_match) + data.size());
    std::ranges::copy(data, out.end() - static_cast<std::ptrdiff_t>(data.size()));
}

} // namespace

Bytes modernized(View entry, Family family) {
    return rewritten(entry, family, [family](const Structure& structure, bool target, Bytes& out) {
        for (const Older& older : kOlder) {
            if (older.target != target || older.name != structure.name || older.revision != structure.revision ||
                older.size != structure.data.size() || (family == Family::V6 && !older.ipv6))
                continue;
            const auto data = older.modernize(structure.data);
            if (data) append(out, older.newer_name, older.newer_revision, *data);
            return data.has_value();
        }
        return false;
    });
}

Answer<Bytes> dated(View entry, Family family) {
    std::string_view unsaid;
    Bytes out = rewritten(entry, family, [&](const Structure& structure, bool target, Bytes& to) {
        for (const Older& older : kOlder) {
            if (older.target != target || older.newer_name != structure.name ||
                older.newer_revision != structure.revision || older.newer_size != structure.data.size() ||
                (family == Family::V6 && !older.ipv6))
                continue;
            const auto data = older.date(structure.data);
            if (data) append(to, older.name, older.revision, *data);
            if (!data && older.by_name) unsaid = older.name;
            return data.has_value();
        }
        return false;
    });
    if (!unsaid.empty()) return refuse(EINVAL, fmt::format("`{}': its older structure can't say that", unsaid));
    return out;
}

bool is_older_revision(std::string_view name, std::uint8_t revision, Family family, bool target) {
    return std::ranges::any_of(kOlder, [&](const Older& older) {
        return older.target == target && older.name == name && older.revision == revision &&
               (family == Family::V4 || older.ipv6);
    });
}

} // namespace xtbpf::iptc

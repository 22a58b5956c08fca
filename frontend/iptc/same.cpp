// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/same.hpp"

#include "frontend/extensions/rateest_rate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <linux/netfilter/xt_HMARK.h>
#include <linux/netfilter/xt_bpf.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_ipvs.h>
#include <linux/netfilter/xt_rateest.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter_ipv6/ip6t_frag.h>

namespace xtbpf::iptc {

namespace {

using Data = std::span<std::uint8_t>;

constexpr std::size_t kAddress = sizeof(nf_inet_addr);

// Behind an IPv4 address or mask (union nf_inet_addr) there may be ones or zeros: libxtables writes either.
template <std::size_t first, std::size_t addresses> void clear_rest(Data data) {
    for (std::size_t i = 0; i < addresses; ++i)
        std::ranges::fill(data.subspan(first + i * kAddress, kAddress).subspan(sizeof(in_addr)), std::uint8_t{0});
}

void clear_name_end(Data data) { // libxt_recent.c, recent_init: of the default name
    const auto name = data.subspan(offsetof(xt_recent_mtinfo_v1, name), XT_RECENT_NAME_LEN);
    std::fill(std::ranges::find(name, 0), name.end(), std::uint8_t{0});
}

// libxt_bpf.c opens the pinned program, to see whether it is there; the kernel does so by its path (bpf_mt_check_v1).
void clear_descriptor(Data data) {
    if (data[offsetof(xt_bpf_info_v1, mode)] == XT_BPF_MODE_PATH_PINNED)
        std::ranges::fill(data.subspan(offsetof(xt_bpf_info_v1, fd), sizeof xt_bpf_info_v1::fd), std::uint8_t{0});
}

// frag_mt6 looks at the range, not at the flag.
void clear_range_flag(Data data) { data[offsetof(ip6t_frag, flags)] &= static_cast<std::uint8_t>(~IP6T_FRAG_IDS); }

// Rates are kept as they are saved; of those that aren't compared (xt_rateest_mt) nothing is saved.
void round_rates(Data data) {
    xt_rateest_match_info info{};
    std::memcpy(&info, data.data(), sizeof info);
    const bool delta = info.flags & XT_RATEEST_MATCH_DELTA, relative = info.flags & XT_RATEEST_MATCH_REL;
    const bool bytes = info.flags & XT_RATEEST_MATCH_BPS, packets = info.flags & XT_RATEEST_MATCH_PPS;
    const auto keep = [](std::uint32_t& rate, bool used) { rate = used ? rate : 0; };
    keep(info.bps1, bytes && delta);
    keep(info.pps1, packets && delta);
    keep(info.bps2, bytes && (delta || !relative));
    keep(info.pps2, packets && (delta || !relative));
    info.bps1 = printed_bit_rate(info.bps1);
    info.bps2 = printed_bit_rate(info.bps2);
    std::memcpy(data.data(), &info, sizeof info);
}

struct Unsaid {
    std::string_view name;
    std::uint8_t revision;
    bool target, ipv4_only;
    void (*clear)(Data data);
};

static_assert(offsetof(xt_conntrack_mtinfo3, expires_min) == 8 * kAddress);
constexpr std::array kUnsaid{
    Unsaid{"bpf", 1, false, false, clear_descriptor},
    Unsaid{"connlimit", 1, false, true, clear_rest<offsetof(xt_connlimit_info, mask), 1>},
    Unsaid{"conntrack", 3, false, true, clear_rest<0, 8>},
    Unsaid{"frag", 0, false, false, clear_range_flag},
    Unsaid{"HMARK", 0, true, true, clear_rest<offsetof(xt_hmark_info, src_mask), 2>},
    Unsaid{"ipvs", 0, false, true, clear_rest<offsetof(xt_ipvs_mtinfo, vaddr), 2>},
    Unsaid{"rateest", 0, false, false, round_rates},
    Unsaid{"recent", 1, false, false, clear_name_end},
    Unsaid{"recent", 1, false, true, clear_rest<offsetof(xt_recent_mtinfo_v1, mask), 1>},
};

} // namespace

void clear_unsaid(const Structure& structure, Family family, bool target, std::span<std::uint8_t> data) {
    for (const Unsaid& unsaid : kUnsaid)
        if (unsaid.name == structure.name && unsaid.revision == structure.revision && unsaid.target == target &&
            (family == Family::V4 || !unsaid.ipv4_only))
            unsaid.clear(data);
}

} // namespace xtbpf::iptc

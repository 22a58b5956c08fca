// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/same.hpp"

#include <algorithm>
#include <cstddef>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_recent.h>

namespace xtbpf::iptc {

namespace {

constexpr std::size_t kAddress = sizeof(nf_inet_addr);

// Behind an IPv4 address or mask (union nf_inet_addr) there may be ones or zeros: libxtables writes either.
void clear_rest(std::span<std::uint8_t> data, std::size_t first, std::size_t addresses) {
    for (std::size_t i = 0; i < addresses; ++i)
        std::ranges::fill(data.subspan(first + i * kAddress, kAddress).subspan(sizeof(in_addr)), std::uint8_t{0});
}

} // namespace

void clear_unsaid(const Structure& structure, Family family, bool target, std::span<std::uint8_t> data) {
    if (target) return;
    if (structure.name == "recent" && structure.revision == 1) { // libxt_recent.c, recent_init: of the default name
        const auto name = data.subspan(offsetof(xt_recent_mtinfo_v1, name), XT_RECENT_NAME_LEN);
        std::fill(std::ranges::find(name, 0), name.end(), std::uint8_t{0});
    }
    if (family == Family::V6) return;
    if (structure.name == "conntrack" && structure.revision == 3) {
        static_assert(offsetof(xt_conntrack_mtinfo3, expires_min) == 8 * kAddress);
        clear_rest(data, 0, 8);
    }
    if (structure.name == "connlimit" && structure.revision == 1)
        clear_rest(data, offsetof(xt_connlimit_info, mask), 1);
    if (structure.name == "recent" && structure.revision == 1) clear_rest(data, offsetof(xt_recent_mtinfo_v1, mask), 1);
}

} // namespace xtbpf::iptc

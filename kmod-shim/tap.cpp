// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/tap.hpp"

#include "kmod-shim/batch.hpp"
#include "kmod-shim/expressions.hpp"
#include "kmod-shim/inventory.hpp"
#include "kmod-shim/messages.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

namespace xtbpf::anchor {

namespace {

constexpr int kTries = 16;

void add_owned_table(Batch& batch, const Place& place) {
    nlmsghdr* message = batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, place.family,
                                  fmt::format("make nf_tables table {}", place.table));
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, place.table);
    mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
}

} // namespace

Result<Tap> Tap::attach(const std::vector<TapPoint>& points) {
    auto socket = Socket::open();
    if (!socket) return std::unexpected(socket.error());
    const std::string table = fmt::format("iptables-bpf-tap-{}", ::getpid());
    for (int attempt = 0;; ++attempt) {
        const auto now = generation(*socket);
        if (!now) return std::unexpected(now.error());
        Batch batch(*now);
        for (const Family family : {Family::V4, Family::V6}) {
            if (std::ranges::find(points, family, &TapPoint::family) == points.end()) continue;
            const Place place(family, table.c_str());
            add_owned_table(batch, place);
            for (const TapPoint& point : points) {
                if (point.family != family) continue;
                const std::string chain = base_chain(point.table, point.hook) + (point.behind ? "-passed" : "");
                add_base_chain(batch, place, chain, point.table, point.hook, point.behind ? 1 : -1);
                add_rule(
                    batch, place, chain, [&](nlmsghdr* message) { put_program(message, point.program); },
                    "call a BPF program", "nft_compat and xt_bpf");
            }
        }
        auto sent = batch.send(*socket, Batch::Ending::Commit);
        if (sent) return Tap(std::move(*socket));
        if (sent.error().kind != ErrorKind::Overtaken || attempt == kTries) return std::unexpected(sent.error());
    }
}

} // namespace xtbpf::anchor

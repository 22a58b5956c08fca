// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/removals.hpp"

#include "kmod-shim/inventory.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <iterator>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string_view>
#include <utility>

namespace xtbpf::anchor {

namespace {

using Attributes = std::array<const nlattr*, 8>; // all that is asked of stand first in their messages

int collect(const nlattr* attribute, void* to) {
    auto& all = *static_cast<Attributes*>(to);
    const std::uint16_t type = mnl_attr_get_type(attribute);
    if (type < all.size()) all[type] = attribute;
    return MNL_CB_OK;
}

std::string_view text(const nlattr* attribute) {
    if (attribute == nullptr || mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) != 0) return {};
    return mnl_attr_get_str(attribute);
}

std::optional<TableId> table_of_store(std::string_view chain) {
    for (const TableId table : kTables)
        if (chain == store_chain(table)) return table;
    return std::nullopt;
}

} // namespace

void RemovalReader::read(std::span<const std::uint8_t> datagram, std::vector<Removal>& out) {
    auto left = static_cast<int>(datagram.size());
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
        read(*message, out);
}

// nf_tables_commit (net/netfilter/nf_tables_api.c): what it did, then NFT_MSG_NEWGEN with who did it.
void RemovalReader::read(const nlmsghdr& message, std::vector<Removal>& out) {
    if (message.nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES || message.nlmsg_len < mnl_nlmsg_size(sizeof(nfgenmsg)))
        return;
    const unsigned what = message.nlmsg_type & 0xffU;
    const auto& general = *static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(&message));
    Attributes said{};
    mnl_attr_parse(&message, sizeof(nfgenmsg), collect, &said);
    if (what == NFT_MSG_NEWGEN) {
        for (Removal& removal : open_)
            removal.by = text(said[NFTA_GEN_PROC_NAME]);
        if (const nlattr* id = said[NFTA_GEN_ID]; id != nullptr && mnl_attr_validate(id, MNL_TYPE_U32) == 0)
            generation_ = ntohl(mnl_attr_get_u32(id));
        std::ranges::move(std::exchange(open_, {}), std::back_inserter(out));
        return;
    }
    for (const Family family : {Family::V4, Family::V6}) {
        if (general.nfgen_family != netlink_family(family)) continue;
        if (what == NFT_MSG_DELTABLE && text(said[NFTA_TABLE_NAME]) == kTable)
            open_.push_back({family, std::nullopt, ""});
        if (what == NFT_MSG_DELCHAIN && text(said[NFTA_CHAIN_TABLE]) == kTable)
            if (const auto table = table_of_store(text(said[NFTA_CHAIN_NAME]))) open_.push_back({family, table, ""});
    }
}

} // namespace xtbpf::anchor

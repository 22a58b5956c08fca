// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/messages.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

namespace {

nlmsghdr* chain_message(Batch& batch, std::uint16_t type, std::uint16_t flags, const Place& place,
                        const std::string& chain, std::string tried, std::string needs = {}) {
    nlmsghdr* message = batch.add(type, flags, place.family, std::move(tried), std::move(needs));
    mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, place.table);
    mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain.c_str());
    return message;
}

nlmsghdr* counter_message(Batch& batch, std::uint16_t type, std::uint16_t flags, const Place& place,
                          const std::string& counter, std::string_view tried) {
    nlmsghdr* message =
        batch.add(type, flags, place.family, fmt::format("{} nf_tables counter {}", tried, counter), "nft_counter");
    mnl_attr_put_strz(message, NFTA_OBJ_TABLE, place.table);
    mnl_attr_put_strz(message, NFTA_OBJ_NAME, counter.c_str());
    mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
    return message;
}

// The type that treats packets as iptables' table does: `nat` sees only a connection's first packet, `route` routes
// again what the mangle table's OUTPUT chain changed (net/ipv4/netfilter/iptable_mangle.c, ipt_mangle_out).
const char* chain_type(TableId table, Hook hook) {
    if (table == TableId::Nat) return "nat";
    return table == TableId::Mangle && hook == Hook::Output ? "route" : "filter";
}

} // namespace

void add_table(Batch& batch, const Place& place) {
    nlmsghdr* message =
        batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, place.family, fmt::format("make nf_tables table {}", place.table));
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, place.table);
}

void delete_table(Batch& batch, const Place& place) {
    nlmsghdr* message =
        batch.add(NFT_MSG_DELTABLE, 0, place.family, fmt::format("delete nf_tables table {}", place.table));
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, place.table);
}

void add_chain(Batch& batch, const Place& place, const std::string& chain) {
    chain_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, place, chain,
                  fmt::format("make nf_tables chain {}", chain));
}

void add_base_chain(Batch& batch, const Place& place, const std::string& chain, TableId table, Hook hook, int behind) {
    nlmsghdr* message = chain_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, place, chain,
                                      fmt::format("make nf_tables base chain {}", chain),
                                      table == TableId::Nat ? "nft_chain_nat" : "nf_tables");
    nlattr* nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
    mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(static_cast<std::uint32_t>(hook)));
    mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl(static_cast<std::uint32_t>(priority(table, hook) + behind)));
    mnl_attr_nest_end(message, nest);
    mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, chain_type(table, hook));
    mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
}

void delete_chain(Batch& batch, const Place& place, const std::string& chain) {
    chain_message(batch, NFT_MSG_DELCHAIN, 0, place, chain, fmt::format("delete nf_tables chain {}", chain));
}

void add_counter(Batch& batch, const Place& place, const std::string& counter) {
    nlmsghdr* message = counter_message(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE, place, counter, "make");
    mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_OBJ_DATA));
}

void delete_counter(Batch& batch, const Place& place, const std::string& counter) {
    counter_message(batch, NFT_MSG_DELOBJ, 0, place, counter, "delete");
}

void add_rule(Batch& batch, const Place& place, const std::string& chain,
              const std::function<void(nlmsghdr*)>& expressions, std::string tried, std::string needs,
              std::span<const std::uint8_t> userdata, std::uint8_t protocol) {
    nlmsghdr* message = batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, place.family,
                                  fmt::format("{} (nf_tables chain {})", tried, chain), std::move(needs));
    mnl_attr_put_strz(message, NFTA_RULE_TABLE, place.table);
    mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain.c_str());
    nlattr* nest = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
    expressions(message);
    mnl_attr_nest_end(message, nest);
    if (!userdata.empty()) mnl_attr_put(message, NFTA_RULE_USERDATA, userdata.size(), userdata.data());
    if (protocol == 0) return;
    nlattr* compat = mnl_attr_nest_start(message, NFTA_RULE_COMPAT);
    mnl_attr_put_u32(message, NFTA_RULE_COMPAT_PROTO, htonl(protocol));
    mnl_attr_put_u32(message, NFTA_RULE_COMPAT_FLAGS, 0);
    mnl_attr_nest_end(message, compat);
}

void delete_rule(Batch& batch, const Place& place, const std::string& chain, std::uint64_t handle) {
    nlmsghdr* message =
        batch.add(NFT_MSG_DELRULE, 0, place.family, fmt::format("delete a rule of nf_tables chain {}", chain));
    mnl_attr_put_strz(message, NFTA_RULE_TABLE, place.table);
    mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain.c_str());
    mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(handle));
}

} // namespace xtbpf::anchor

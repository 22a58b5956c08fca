// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/inventory.hpp"

#include "kmod-shim/attributes.hpp"
#include "kmod-shim/messages.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <endian.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace xtbpf::anchor {

namespace {

// A question with a few short attributes.
struct Question {
    alignas(nlmsghdr) std::array<char, 1024> bytes;
    nlmsghdr* header;

    Question(std::uint16_t type, std::uint16_t flags, std::uint8_t family)
        : header(mnl_nlmsg_put_header(bytes.data())) {
        header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
        header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        auto* generic = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
        generic->nfgen_family = family;
        generic->version = NFNETLINK_V0;
    }
};

template <typename Each> void for_attributes(const std::vector<std::uint8_t>& message, Each each) {
    for_attributes(reinterpret_cast<const nlmsghdr*>(message.data()), sizeof(nfgenmsg), each);
}

Counters counter_of(const nlattr* data) {
    Counters value;
    const auto read = [](const nlattr* attribute, void* into) {
        auto& counters = *static_cast<Counters*>(into);
        if (mnl_attr_get_type(attribute) == NFTA_COUNTER_PACKETS)
            counters.packets = be64toh(mnl_attr_get_u64(attribute));
        if (mnl_attr_get_type(attribute) == NFTA_COUNTER_BYTES) counters.bytes = be64toh(mnl_attr_get_u64(attribute));
        return MNL_CB_OK;
    };
    mnl_attr_parse_nested(data, read, &value);
    return value;
}

} // namespace

std::string base_chain(TableId table, Hook hook) { return fmt::format("{}-{}", name(table), name(hook)); }
std::string store_chain(TableId table) { return fmt::format("{}-store", name(table)); }

std::vector<std::uint8_t> programless_comment(TableId table, Hook hook) {
    return comment(fmt::format("iptables {} {}: no rules", name(table), name(hook)));
}

Result<std::uint32_t> generation(Socket& socket) {
    Question question(NFT_MSG_GETGEN, 0, NFPROTO_UNSPEC);
    const auto messages = socket.ask(question.header, "read the nf_tables generation");
    if (!messages) return std::unexpected(messages.error());
    std::uint32_t id = 0;
    for (const auto& message : *messages)
        for_attributes(message, [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == NFTA_GEN_ID) id = ntohl(mnl_attr_get_u32(attribute));
        });
    return id;
}

Result<std::vector<std::string>> chains(Socket& socket, const Place& place) {
    Question question(NFT_MSG_GETCHAIN, NLM_F_DUMP, netlink_family(place.family));
    const auto messages = socket.ask(question.header, "list nf_tables chains");
    if (!messages) return std::unexpected(messages.error());
    std::vector<std::string> found;
    for (const auto& message : *messages) {
        const char* table = "";
        const char* chain = "";
        for_attributes(message, [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == NFTA_CHAIN_TABLE) table = mnl_attr_get_str(attribute);
            if (mnl_attr_get_type(attribute) == NFTA_CHAIN_NAME) chain = mnl_attr_get_str(attribute);
        });
        if (std::strcmp(table, place.table) == 0) found.emplace_back(chain);
    }
    return found;
}

Result<std::vector<RuleFound>> rules(Socket& socket, const Place& place, const std::string& chain) {
    Question question(NFT_MSG_GETRULE, NLM_F_DUMP, netlink_family(place.family));
    mnl_attr_put_strz(question.header, NFTA_RULE_TABLE, place.table);
    mnl_attr_put_strz(question.header, NFTA_RULE_CHAIN, chain.c_str());
    const auto messages = socket.ask(question.header, "list nf_tables rules");
    if (!messages) return std::unexpected(messages.error());
    std::vector<RuleFound> found;
    for (const auto& message : *messages) {
        RuleFound rule;
        bool table_is_ours = false;
        bool chain_is_asked = false;
        for_attributes(message, [&](const nlattr* attribute) {
            const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
            switch (mnl_attr_get_type(attribute)) {
            case NFTA_RULE_TABLE: table_is_ours = std::strcmp(mnl_attr_get_str(attribute), place.table) == 0; break;
            case NFTA_RULE_CHAIN: chain_is_asked = chain == mnl_attr_get_str(attribute); break;
            case NFTA_RULE_HANDLE: rule.handle = be64toh(mnl_attr_get_u64(attribute)); break;
            case NFTA_RULE_USERDATA: rule.userdata.assign(bytes, bytes + mnl_attr_get_payload_len(attribute)); break;
            default: break;
            }
        });
        // Kernels before 4.9 list all rules (net/netfilter/nf_tables_api.c, nf_tables_dump_rules).
        if (table_is_ours && chain_is_asked) found.push_back(std::move(rule));
    }
    return found;
}

Result<std::map<std::string, Counters>> counters(Socket& socket, Family family) {
    Question question(NFT_MSG_GETOBJ, NLM_F_DUMP, netlink_family(family));
    mnl_attr_put_strz(question.header, NFTA_OBJ_TABLE, kTable);
    mnl_attr_put_u32(question.header, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
    const auto messages = socket.ask(question.header, "list nf_tables counters");
    if (!messages) return std::unexpected(messages.error());
    std::map<std::string, Counters> found;
    for (const auto& message : *messages) {
        std::string name;
        Counters value;
        for_attributes(message, [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == NFTA_OBJ_NAME) name = mnl_attr_get_str(attribute);
            if (mnl_attr_get_type(attribute) == NFTA_OBJ_DATA) value = counter_of(attribute);
        });
        found.emplace(std::move(name), value);
    }
    return found;
}

Result<std::optional<StoreNote>> store_note_of(Socket& socket, Family family, TableId table) {
    const auto found = rules(socket, family, store_chain(table));
    if (!found) return std::unexpected(found.error());
    for (const RuleFound& rule : *found)
        if (auto note = parse_store_note(rule.userdata)) return note;
    return std::nullopt;
}

} // namespace xtbpf::anchor

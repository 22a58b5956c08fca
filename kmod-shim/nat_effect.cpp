// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/nat_effect.hpp"

#include "kmod-shim/expression.hpp"
#include "kmod-shim/netlink.hpp"
#include "kmod-shim/registers.hpp"

#include <linux/netfilter/nf_nat.h>

namespace xtbpf::anchor {

namespace {

void put_ports(nlmsghdr* message, const ir::NatEffect::Ports& ports) {
    load_port(message, NFT_REG_3, ports.low);
    load_port(message, NFT_REG_4, ports.high);
}

// masq and redir have the same attributes under other numbers.
struct Attributes {
    std::uint16_t low, high, flags;
};

void put_without_address(nlmsghdr* message, const char* name, const ir::NatEffect& nat, Attributes attributes) {
    if (nat.ports) put_ports(message, *nat.ports);
    Expression expression(message, name);
    // nft_masq_init, unlike nft_nat_init, leaves it to us to say that there are ports
    const std::uint32_t flags = nat.flags | (nat.ports ? NF_NAT_RANGE_PROTO_SPECIFIED : 0U);
    if (flags != 0) expression.number(attributes.flags, flags);
    if (!nat.ports) return;
    expression.number(attributes.low, NFT_REG_3);
    expression.number(attributes.high, NFT_REG_4);
}

// netmap_tg4, netmap_tg6: HOOK2MANIP
bool of_source(ir::NatEffect::Kind kind, Hook hook) {
    if (kind != ir::NatEffect::Kind::Network) return kind == ir::NatEffect::Kind::Source;
    return hook == Hook::Postrouting || hook == Hook::Input;
}

} // namespace

void put_nat(nlmsghdr* message, Family family, Hook hook, const ir::NatEffect& nat) {
    using Kind = ir::NatEffect::Kind;
    if (nat.kind == Kind::Masquerade)
        return put_without_address(message, "masq", nat,
                                   {NFTA_MASQ_REG_PROTO_MIN, NFTA_MASQ_REG_PROTO_MAX, NFTA_MASQ_FLAGS});
    if (nat.kind == Kind::Redirect)
        return put_without_address(message, "redir", nat,
                                   {NFTA_REDIR_REG_PROTO_MIN, NFTA_REDIR_REG_PROTO_MAX, NFTA_REDIR_FLAGS});
    if (nat.addresses) {
        load_address(message, NFT_REG_1, family, nat.addresses->low);
        load_address(message, NFT_REG_2, family, nat.addresses->high);
    }
    if (nat.ports) put_ports(message, *nat.ports);
    Expression expression(message, "nat");
    expression.number(NFTA_NAT_TYPE, of_source(nat.kind, hook) ? NFT_NAT_SNAT : NFT_NAT_DNAT);
    expression.number(NFTA_NAT_FAMILY, netlink_family(family));
    if (nat.addresses) {
        expression.number(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
        expression.number(NFTA_NAT_REG_ADDR_MAX, NFT_REG_2);
    }
    if (nat.ports) {
        expression.number(NFTA_NAT_REG_PROTO_MIN, NFT_REG_3);
        expression.number(NFTA_NAT_REG_PROTO_MAX, NFT_REG_4);
    }
    if (nat.flags != 0) expression.number(NFTA_NAT_FLAGS, nat.flags);
}

} // namespace xtbpf::anchor

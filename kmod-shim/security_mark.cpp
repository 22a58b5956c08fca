// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/security_mark.hpp"

#include "kmod-shim/expression.hpp"

namespace xtbpf::anchor {

namespace {

struct Place {
    const char* name; // of the expression
    std::uint16_t key_attribute, source, destination;
    std::uint32_t key;
};
constexpr Place kPacket{"meta", NFTA_META_KEY, NFTA_META_SREG, NFTA_META_DREG, NFT_META_SECMARK};
constexpr Place kConnection{"ct", NFTA_CT_KEY, NFTA_CT_SREG, NFTA_CT_DREG, NFT_CT_SECMARK};

void load(nlmsghdr* message, const Place& from) {
    Expression expression(message, from.name);
    expression.number(from.destination, NFT_REG_1);
    expression.number(from.key_attribute, from.key);
}

void store(nlmsghdr* message, const Place& to) {
    Expression expression(message, to.name);
    expression.number(to.key_attribute, to.key);
    expression.number(to.source, NFT_REG_1);
}

void compare_with_zero(nlmsghdr* message, std::uint32_t op) {
    Expression expression(message, "cmp");
    expression.number(NFTA_CMP_SREG, NFT_REG_1);
    expression.number(NFTA_CMP_OP, op);
    expression.data(NFTA_CMP_DATA, 0);
}

} // namespace

void put_security_mark(nlmsghdr* message, const ir::SecurityMarkEffect& mark) {
    const Place& from = mark.save ? kPacket : kConnection;
    const Place& to = mark.save ? kConnection : kPacket;
    load(message, to);
    compare_with_zero(message, NFT_CMP_EQ);
    load(message, from);
    compare_with_zero(message, NFT_CMP_NEQ);
    store(message, to);
}

} // namespace xtbpf::anchor

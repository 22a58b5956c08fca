// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/registers.hpp"

#include "kmod-shim/expression.hpp"

#include <array>

namespace xtbpf::anchor {

namespace {

void load_constant(nlmsghdr* message, std::uint32_t reg, const void* bytes, std::size_t size) {
    Expression expression(message, "immediate");
    expression.number(NFTA_IMMEDIATE_DREG, reg);
    expression.data(NFTA_IMMEDIATE_DATA, bytes, size);
}

void load_meta(nlmsghdr* message, std::uint32_t reg, std::uint32_t key) {
    Expression expression(message, "meta");
    expression.number(NFTA_META_DREG, reg);
    expression.number(NFTA_META_KEY, key);
}

} // namespace

void load_address(nlmsghdr* message, std::uint32_t reg, Family family, const ir::Words& address) {
    std::array<std::uint32_t, 4> bytes{};
    for (std::size_t word = 0; word < bytes.size(); ++word)
        bytes[word] = htonl(address[word]);
    load_constant(message, reg, bytes.data(), family == Family::V4 ? 4 : 16);
}

void load_port(nlmsghdr* message, std::uint32_t reg, std::uint16_t port) {
    const std::uint16_t bytes = htons(port);
    load_constant(message, reg, &bytes, sizeof bytes);
}

void load_number(nlmsghdr* message, std::uint32_t reg, std::uint16_t number) {
    load_constant(message, reg, &number, sizeof number);
}

void change_bits(nlmsghdr* message, std::uint32_t reg, const void* keep, const void* flip, std::uint32_t size) {
    Expression expression(message, "bitwise");
    expression.number(NFTA_BITWISE_SREG, reg);
    expression.number(NFTA_BITWISE_DREG, reg);
    expression.number(NFTA_BITWISE_LEN, size);
    expression.data(NFTA_BITWISE_MASK, keep, size);
    expression.data(NFTA_BITWISE_XOR, flip, size);
}

void load_mark(nlmsghdr* message, std::uint32_t reg) { load_meta(message, reg, NFT_META_MARK); }
void load_out_index(nlmsghdr* message, std::uint32_t reg) { load_meta(message, reg, NFT_META_OIF); }

void store_mark(nlmsghdr* message, std::uint32_t reg) {
    Expression expression(message, "meta");
    expression.number(NFTA_META_SREG, reg);
    expression.number(NFTA_META_KEY, NFT_META_MARK);
}

void change_mark(nlmsghdr* message, std::uint32_t mask, std::uint32_t value) {
    load_mark(message, NFT_REG_1);
    const std::uint32_t keep = ~mask;
    change_bits(message, NFT_REG_1, &keep, &value, sizeof keep);
    store_mark(message, NFT_REG_1);
}

void load_bytes(nlmsghdr* message, std::uint32_t reg, const HeaderBytes& bytes) {
    Expression expression(message, "payload");
    expression.number(NFTA_PAYLOAD_DREG, reg);
    expression.number(NFTA_PAYLOAD_BASE, bytes.base);
    expression.number(NFTA_PAYLOAD_OFFSET, bytes.offset);
    expression.number(NFTA_PAYLOAD_LEN, bytes.size);
}

void store_bytes(nlmsghdr* message, std::uint32_t reg, const HeaderBytes& bytes) {
    Expression expression(message, "payload");
    expression.number(NFTA_PAYLOAD_SREG, reg);
    expression.number(NFTA_PAYLOAD_BASE, bytes.base);
    expression.number(NFTA_PAYLOAD_OFFSET, bytes.offset);
    expression.number(NFTA_PAYLOAD_LEN, bytes.size);
    if (bytes.checksum < 0) return;
    expression.number(NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    expression.number(NFTA_PAYLOAD_CSUM_OFFSET, static_cast<std::uint32_t>(bytes.checksum));
}

} // namespace xtbpf::anchor

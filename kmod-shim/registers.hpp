// SPDX-License-Identifier: GPL-2.0-or-later
// Values in and out of nf_tables' registers, and bits of them changed.
#pragma once

#include "translator/effect.hpp"
#include "translator/tables.hpp"

#include <cstdint>

struct nlmsghdr;

namespace xtbpf::anchor {

// Constants, in network byte order as expressions read them.
void load_address(nlmsghdr* message, std::uint32_t reg, Family family, const ir::Words& address);
void load_port(nlmsghdr* message, std::uint32_t reg, std::uint16_t port);
void load_number(nlmsghdr* message, std::uint32_t reg, std::uint16_t number); // in host byte order

// reg = (reg & keep) ^ flip, over `size` bytes; both point to that many
void change_bits(nlmsghdr* message, std::uint32_t reg, const void* keep, const void* flip, std::uint32_t size);

// mark = (mark & ~mask) ^ value
void change_mark(nlmsghdr* message, std::uint32_t mask, std::uint32_t value);
void load_mark(nlmsghdr* message, std::uint32_t reg);
void store_mark(nlmsghdr* message, std::uint32_t reg);
void load_out_index(nlmsghdr* message, std::uint32_t reg); // of the device that the hook is called with; 0: none

// Where bytes of a header lie; `checksum`: that of the header they belong to, an Internet checksum; -1: none.
struct HeaderBytes {
    std::uint32_t base; // enum nft_payload_bases
    std::uint32_t offset, size;
    int checksum = -1; // its offset from the base
};
void load_bytes(nlmsghdr* message, std::uint32_t reg, const HeaderBytes& bytes);
void store_bytes(nlmsghdr* message, std::uint32_t reg, const HeaderBytes& bytes);

} // namespace xtbpf::anchor

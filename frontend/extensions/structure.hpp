// SPDX-License-Identifier: GPL-2.0-or-later
// For ExtensionDef::structure and decode(): structures of include/uapi/linux/netfilter, by their C types.
#pragma once

#include "frontend/extension.hpp"
#include "frontend/extensions/info_bytes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>

namespace xtbpf {

using ClearUnsaid = decltype(StructureDef::clear_unsaid);

// The user's up to the member at `given`.
template <typename Info, std::uint8_t revision, std::size_t given, ClearUnsaid clear = nullptr>
StructureDef structure_up_to(Family) {
    return {.revision = revision, .size = info_size<Info>, .given = given, .clear_unsaid = clear};
}

// All of it is the user's.
template <typename Info, std::uint8_t revision = 0, ClearUnsaid clear = nullptr> StructureDef structure_of(Family) {
    return structure_up_to<Info, revision, sizeof(Info), clear>({});
}

template <typename T> void put_at(std::span<std::uint8_t> data, std::size_t offset, T value) {
    std::memcpy(data.data() + offset, &value, sizeof value);
}

// Behind an IPv4 address or mask (union nf_inet_addr) there may be ones or zeros: libxtables writes either.
template <std::size_t first, std::size_t addresses>
void clear_behind_ipv4(Family family, std::span<std::uint8_t> data) {
    constexpr std::size_t kSize = sizeof(std::uint32_t[4]);
    for (std::size_t i = 0; family == Family::V4 && i < addresses; ++i)
        std::ranges::fill(data.subspan(first + i * kSize, kSize).subspan(sizeof(std::uint32_t)), std::uint8_t{0});
}

template <typename Info> Info info_from(std::span<const std::uint8_t> bytes) {
    static_assert(std::is_trivially_copyable_v<Info>);
    Info info{};
    std::memcpy(static_cast<void*>(&info), bytes.data(), std::min(bytes.size(), sizeof info));
    return info;
}

template <typename Flags> void set_bit(Flags& flags, unsigned bit, bool value) {
    if (value) flags = static_cast<Flags>(flags | bit);
}

// union nf_inet_addr: network order; an IPv4 address is word 0.
inline void put_words(std::uint32_t (&to)[4], const ir::Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        to[i] = htonl(words[i]);
}
// An IPv4 mask of all ones is all ones to the end of the union (libxtables/xtoptions.c, xtopt_parse_hostmask).
inline void put_mask(std::uint32_t (&to)[4], Family family, const ir::Words& words) {
    put_words(to, words);
    if (family == Family::V4 && words[0] == ~0U) std::ranges::fill(to, ~0U);
}
inline ir::Words words_in(const std::uint32_t (&from)[4]) {
    ir::Words words{};
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = ntohl(from[i]);
    return words;
}

// nullopt: it doesn't end.
template <std::size_t size> std::optional<std::string> text_in(const char (&field)[size]) {
    const auto* const end = std::find(std::begin(field), std::end(field), '\0');
    if (end == std::end(field)) return std::nullopt;
    return std::string(std::begin(field), end);
}

} // namespace xtbpf

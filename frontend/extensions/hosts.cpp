// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/hosts.hpp"

#include "frontend/system_names.hpp"

#include <arpa/inet.h>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

namespace xtbpf {

namespace {

constexpr ir::Words kFullMask{~0U, ~0U, ~0U, ~0U};
constexpr ir::Words kFullMask4{~0U, 0, 0, 0};

ir::Words words_of(const sockaddr* address) {
    ir::Words words{};
    if (address->sa_family == AF_INET) {
        words[0] = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
    } else {
        std::memcpy(words.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, sizeof words);
        for (auto& word : words)
            word = ntohl(word);
    }
    return words;
}

union Address {
    in_addr v4;
    in6_addr v6;
};

Address address_of(Family family, ir::Words words) {
    Address address{};
    for (auto& word : words)
        word = htonl(word);
    std::memcpy(&address, words.data(), family == Family::V4 ? sizeof address.v4 : sizeof address.v6);
    return address;
}

int address_family(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

struct FreeInfo {
    void operator()(addrinfo* info) const { freeaddrinfo(info); }
};
using Info = std::unique_ptr<addrinfo, FreeInfo>;

// getaddrinfo; the error is its number
std::expected<Info, int> look_up(Family family, const std::string& text, int flags) {
    addrinfo hints{};
    hints.ai_family = address_family(family);
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(text.c_str(), nullptr, &hints, &found); error != 0) return std::unexpected(error);
    return Info(found);
}

ir::Words prefix_mask(std::uint32_t length) {
    ir::Words mask{};
    for (auto& word : mask) {
        const std::uint32_t here = std::min(length, 32U);
        if (here) word = ~0U << (32 - here);
        length -= here;
    }
    return mask;
}

} // namespace

Result<ir::Words> parse_host(Family family, std::string_view text) {
    const auto found = look_up(family, std::string(text), 0);
    if (!found) return fail(ErrorKind::BadParameter, fmt::format("getaddrinfo: {}\n", gai_strerror(found.error())));
    const ir::Words first = words_of((*found)->ai_addr);
    for (const addrinfo* at = found->get(); at; at = at->ai_next)
        if (words_of(at->ai_addr) != first)
            return fail(ErrorKind::BadParameter, fmt::format("{} resolves to more than one address\n", text));
    return first;
}

std::optional<ir::Words> numeric_host(Family family, std::string_view text) {
    if (family == Family::V6) {
        in6_addr address{};
        if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
        sockaddr_in6 socket{};
        socket.sin6_family = AF_INET6;
        socket.sin6_addr = address;
        return words_of(reinterpret_cast<const sockaddr*>(&socket));
    }
    std::uint32_t address = 0;
    for (unsigned shift = 24;; shift -= 8) {
        const std::size_t dot = shift ? text.find('.') : text.npos;
        const auto byte = parse_number(text.substr(0, dot), 0, 255);
        if (!byte) return std::nullopt;
        address |= static_cast<std::uint32_t>(*byte) << shift;
        if (dot == text.npos) return ir::Words{address, 0, 0, 0};
        text.remove_prefix(dot + 1);
    }
}

Result<ir::Words> parse_mask(Family family, guided::Names names, std::string_view text) {
    const std::uint32_t longest = family == Family::V4 ? 32 : 128;
    if (const auto length = parse_number(text, 0, longest)) return prefix_mask(static_cast<std::uint32_t>(*length));
    const auto found = look_up(family, std::string(text), AI_NUMERICHOST);
    if (!found)
        return fail(
            ErrorKind::BadParameter,
            fmt::format("{}: bad value for option \"--{}\", neither a valid network mask nor valid CIDR (0-{}).\n",
                        names.extension, names.option, longest));
    return words_of((*found)->ai_addr);
}

Result<HostMask> parse_host_mask(Family family, guided::Names names, std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto host = parse_host(family, text.substr(0, slash));
    if (!host) return std::unexpected(host.error());
    if (slash == text.npos) return HostMask{*host, family == Family::V4 ? kFullMask4 : kFullMask};
    const auto mask = parse_mask(family, names, text.substr(slash + 1));
    if (!mask) return std::unexpected(mask.error());
    return HostMask{*host, *mask};
}

std::string host_text(Family family, const ir::Words& host) {
    const Address address = address_of(family, host);
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(address_family(family), &address, text, sizeof text);
}

std::string host_name(Family family, const ir::Words& host) {
    const Address address = address_of(family, host);
    char name[NI_MAXHOST];
    if (family == Family::V6) {
        sockaddr_in6 socket{};
        socket.sin6_family = AF_INET6;
        socket.sin6_addr = address.v6;
        if (getnameinfo(reinterpret_cast<const sockaddr*>(&socket), sizeof socket, name, sizeof name, nullptr, 0,
                        NI_NAMEREQD) == 0)
            return name;
        return host_text(family, host);
    }
    sockaddr_in socket{};
    socket.sin_family = AF_INET;
    socket.sin_addr = address.v4;
    if (getnameinfo(reinterpret_cast<const sockaddr*>(&socket), sizeof socket, name, sizeof name, nullptr, 0,
                    NI_NAMEREQD) == 0)
        return name;
    if (const auto network = network_name(host[0])) return *network;
    return host_text(family, host);
}

std::optional<std::uint32_t> prefix_length(Family family, const ir::Words& mask) {
    std::uint32_t length = 0;
    for (const std::uint32_t word : mask)
        length += static_cast<std::uint32_t>(std::countl_one(word));
    if (length > (family == Family::V4 ? 32U : 128U) || prefix_mask(length) != mask) return std::nullopt;
    return length;
}

std::string mask_text(Family family, const ir::Words& mask) {
    const auto length = prefix_length(family, mask);
    if (!length) return "/" + host_text(family, mask);
    return *length == (family == Family::V4 ? 32 : 128) ? "" : fmt::format("/{}", *length);
}

} // namespace xtbpf

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/addresses.hpp"

#include "frontend/numbers.hpp"
#include "frontend/system_names.hpp"

#include <arpa/inet.h>
#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <netdb.h>
#include <optional>

namespace xtbpf {

namespace {

using ir::Words;

constexpr unsigned bits_of(Family family) { return family == Family::V4 ? 32 : 128; }

Words prefix_mask(unsigned length) {
    Words mask{};
    for (auto& word : mask) {
        const unsigned here = length < 32 ? length : 32;
        word = here == 0 ? 0 : ~0U << (32 - here);
        length -= here;
    }
    return mask;
}

// The prefix length, or nullopt if the mask has holes.
std::optional<unsigned> prefix_length(const Words& mask, Family family) {
    unsigned length = 0;
    for (std::uint32_t word : mask)
        length += static_cast<unsigned>(std::popcount(word));
    if (prefix_mask(length) != mask || length > bits_of(family)) return std::nullopt;
    return length;
}

Words from_in6(const in6_addr& address) {
    Words words;
    for (std::size_t i = 0; i < 4; ++i) {
        std::uint32_t word;
        std::memcpy(&word, address.s6_addr + 4 * i, 4);
        words[i] = ntohl(word);
    }
    return words;
}

in6_addr to_in6(const Words& words) {
    in6_addr address;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint32_t word = htonl(words[i]);
        std::memcpy(address.s6_addr + 4 * i, &word, 4);
    }
    return address;
}

// Dotted quad whose last parts may be missing unless it is a mask: "10.1" is 10.1.0.0 (libxtables/xtables.c,
// __numeric_to_ipaddr). Each part may be hexadecimal or octal.
std::optional<Words> numeric_v4(std::string_view text, bool is_mask) {
    std::uint32_t value = 0;
    for (int part = 0; part < 4; ++part) {
        const auto dot = part < 3 ? text.find('.') : std::string_view::npos;
        if (dot == std::string_view::npos && part < 3 && is_mask) return std::nullopt;
        const auto byte = parse_number(text.substr(0, dot), 0, 255);
        if (!byte) return std::nullopt;
        value = value << 8 | static_cast<std::uint32_t>(*byte);
        if (dot == std::string_view::npos) return Words{value << (8 * (3 - part))};
        text.remove_prefix(dot + 1);
    }
    return std::nullopt;
}

std::optional<Words> numeric(std::string_view text, Family family, bool is_mask) {
    if (family == Family::V4) return numeric_v4(text, is_mask);
    std::array<char, INET6_ADDRSTRLEN + 1> copy{};
    if (text.size() >= copy.size()) return std::nullopt;
    text.copy(copy.data(), text.size());
    in6_addr address;
    if (inet_pton(AF_INET6, copy.data(), &address) != 1) return std::nullopt;
    return from_in6(address);
}

Result<Words> parse_mask(std::optional<std::string_view> text, Family family) {
    if (!text) return prefix_mask(bits_of(family));
    if (auto mask = numeric(*text, family, true)) return *mask;
    if (auto length = parse_number(*text, 0, bits_of(family))) return prefix_mask(static_cast<unsigned>(*length));
    return fail(ErrorKind::BadParameter, fmt::format("invalid mask `{}' specified", *text));
}

std::vector<Words> resolve(const std::string& name, Family family) {
    addrinfo hints{};
    hints.ai_family = family == Family::V4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_RAW;
    addrinfo* found = nullptr;
    std::vector<Words> addresses;
    if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return addresses;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        if (family == Family::V4) {
            sockaddr_in address;
            std::memcpy(&address, each->ai_addr, sizeof address);
            addresses.push_back(Words{ntohl(address.sin_addr.s_addr)});
        } else {
            sockaddr_in6 address;
            std::memcpy(&address, each->ai_addr, sizeof address);
            addresses.push_back(from_in6(address.sin6_addr));
        }
    }
    freeaddrinfo(found);
    return addresses;
}

Result<std::vector<Words>> parse_host(std::string_view text, Family family) {
    if (auto address = numeric(text, family, false)) return std::vector{*address};
    const std::string name(text);
    if (family == Family::V4)
        if (const auto network = network_number(name)) return std::vector{Words{*network}};
    auto addresses = resolve(name, family);
    if (addresses.empty()) return fail(ErrorKind::BadParameter, fmt::format("host/network `{}' not found", text));
    return addresses;
}

Result<void> parse_one(std::string_view text, Family family, std::vector<Network>& out) {
    if (text.size() > 255) return fail(ErrorKind::BadParameter, "Hostname too long");
    const auto slash = text.rfind('/');
    std::optional<std::string_view> mask_text;
    if (slash != std::string_view::npos) mask_text = text.substr(slash + 1);
    const auto mask = parse_mask(mask_text, family);
    if (!mask) return std::unexpected(mask.error());
    if (*mask == Words{}) { // the name before "/0" is ignored, as in "any/0"
        out.push_back({});
        return {};
    }
    const auto addresses = parse_host(text.substr(0, slash), family);
    if (!addresses) return std::unexpected(addresses.error());
    for (Words address : *addresses) {
        for (std::size_t i = 0; i < 4; ++i)
            address[i] &= (*mask)[i];
        out.push_back({address, *mask});
    }
    return {};
}

// Without a format to be read: a long restore writes hundreds of thousands of addresses.
void append_number(std::string& out, std::uint32_t number) {
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

void append_address(std::string& out, const Words& words, Family family) {
    if (family == Family::V4) {
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            append_number(out, words[0] >> shift & 255);
            if (shift != 0) out += '.';
        }
        return;
    }
    std::array<char, INET6_ADDRSTRLEN> text;
    const in6_addr address = to_in6(words);
    inet_ntop(AF_INET6, &address, text.data(), text.size());
    out += text.data();
}

void append_mask(std::string& out, const Words& mask, Family family) {
    out += '/';
    if (auto length = prefix_length(mask, family))
        append_number(out, *length);
    else
        append_address(out, mask, family);
}

std::string host_name(const Words& words, Family family) {
    std::array<char, NI_MAXHOST> name;
    int error;
    if (family == Family::V4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(words[0]);
        error =
            getnameinfo(reinterpret_cast<sockaddr*>(&address), sizeof address, name.data(), name.size(), nullptr, 0, 0);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = to_in6(words);
        error =
            getnameinfo(reinterpret_cast<sockaddr*>(&address), sizeof address, name.data(), name.size(), nullptr, 0, 0);
    }
    std::string text;
    if (error == 0)
        text = name.data();
    else
        append_address(text, words, family);
    return text;
}

} // namespace

Result<std::vector<Network>> parse_networks(std::string_view list, Family family) {
    std::vector<Network> networks;
    while (true) {
        while (!list.empty() && (list.front() == ' ' || (list.front() >= '\t' && list.front() <= '\r')))
            list.remove_prefix(1);
        const auto comma = list.find(',');
        if (auto done = parse_one(list.substr(0, comma), family, networks); !done) return std::unexpected(done.error());
        if (comma == std::string_view::npos) return networks;
        list.remove_prefix(comma + 1);
    }
}

void save_network(std::string& out, char letter, const Network& network, bool inverted, Family family) {
    if (network.any() && !inverted) return;
    out += inverted ? " ! -" : " -";
    out += letter;
    out += ' ';
    append_address(out, network.address, family);
    append_mask(out, network.mask, family);
}

std::string list_network(const Network& network, Family family, bool numeric) {
    // IPv6 looks at the address only (iptables/xshared.c, ipv6_addr_to_string).
    const bool anywhere = family == Family::V4 ? network.any() : network.address == Words{};
    if (anywhere && !numeric) return "anywhere";
    std::string text;
    if (numeric)
        append_address(text, network.address, family);
    else
        text = host_name(network.address, family);
    if (network.mask != prefix_mask(bits_of(family))) append_mask(text, network.mask, family);
    return text;
}

} // namespace xtbpf

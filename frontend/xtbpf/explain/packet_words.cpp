// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/packet_words.hpp"

#include "frontend/extensions/ports.hpp"
#include "frontend/numbers.hpp"
#include "frontend/protocols.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nf_conntrack_common.h>

namespace xtbpf::tool {

namespace {

struct Named {
    std::string_view name;
    std::uint32_t bits;
};

constexpr std::array kTcpFlags{Named{"FIN", 1},  Named{"SYN", 2},  Named{"RST", 4},   Named{"PSH", 8}, Named{"ACK", 16},
                               Named{"URG", 32}, Named{"ECE", 64}, Named{"CWR", 128}, Named{"NONE", 0}};
constexpr std::array kStatus{Named{"NONE", 0},
                             Named{"EXPECTED", IPS_EXPECTED},
                             Named{"SEEN_REPLY", IPS_SEEN_REPLY},
                             Named{"ASSURED", IPS_ASSURED},
                             Named{"CONFIRMED", IPS_CONFIRMED},
                             Named{"SNAT", IPS_SRC_NAT},
                             Named{"DNAT", IPS_DST_NAT}};
constexpr std::array kPacketTypes{Named{"unicast", PACKET_HOST}, Named{"broadcast", PACKET_BROADCAST},
                                  Named{"multicast", PACKET_MULTICAST}, Named{"otherhost", PACKET_OTHERHOST}};
constexpr std::array kStates{State::New, State::Established, State::Related, State::Invalid, State::Untracked};

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : static_cast<int>(c); };
    return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// Bits of names with commas between.
std::optional<std::uint32_t> bits(std::string_view list, std::span<const Named> names) {
    std::uint32_t all = 0;
    while (!list.empty()) {
        const std::string_view word = list.substr(0, list.find(','));
        list.remove_prefix(std::min(word.size() + 1, list.size()));
        const auto found = std::ranges::find_if(names, [&](const Named& each) { return same(each.name, word); });
        if (found == names.end()) return std::nullopt;
        all |= found->bits;
    }
    return all;
}

std::optional<std::vector<std::uint8_t>> hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::uint8_t> out(text.size() / 2);
    for (std::size_t at = 0; at < out.size(); ++at) {
        const char* begin = text.data() + 2 * at;
        if (std::from_chars(begin, begin + 2, out[at], 16).ptr != begin + 2) return std::nullopt;
    }
    return out;
}

class Reader {
  public:
    Reader(const std::vector<std::string>& words, std::optional<Family> family) {
        said_.family = family;
        for (const std::string& word : words) // several may come as one argument
            for (std::size_t at = 0; (at = word.find_first_not_of(' ', at)) != std::string::npos;) {
                const std::size_t end = std::min(word.find(' ', at), word.size());
                words_.push_back(word.substr(at, end - at));
                at = end;
            }
    }

    Result<Said> read() {
        while (at_ < words_.size())
            if (auto done = one(words_[at_++]); !done) return std::unexpected(done.error());
        if (!said_.family) said_.family = Family::V4;
        return std::move(said_);
    }

  private:
    Result<void> one(const std::string& word) {
        if (word == "nosocket") {
            said_.no_socket = true;
            return {};
        }
        if (const auto flag = bits(word, kTcpFlags); flag && word.find(',') == std::string::npos && *flag != 0)
            return keep(said_.tcp_flags, said_.tcp_flags.value_or(0) | *flag);
        if (takes_value(word)) {
            if (at_ == words_.size()) return fail(ErrorKind::BadParameter, fmt::format("`{}' wants a value", word));
            const std::string& value = words_[at_++];
            if (pair(word, value)) return {};
            return fail(ErrorKind::BadParameter, fmt::format("bad value for `{}': `{}'", word, value));
        }
        if (const auto protocol = parse_protocol(word); protocol && *protocol != 0) {
            if (said_.protocol && *said_.protocol != *protocol)
                return fail(ErrorKind::BadParameter,
                            fmt::format("`{}': the packet has another protocol already", word));
            return keep(said_.protocol, *protocol);
        }
        return fail(ErrorKind::BadParameter, fmt::format("the packet's word `{}' says nothing to me", word));
    }

    static bool takes_value(std::string_view word) {
        constexpr std::array kWords{"src", "dst",    "proto",   "sport", "dport",    "flags",     "type",   "ttl",
                                    "tos", "length", "mark",    "state", "status",   "direction", "ctmark", "uid",
                                    "gid", "mac",    "pkttype", "mss",   "fragment", "hex",       "code"};
        return std::ranges::find(kWords, word) != kWords.end();
    }

    bool pair(std::string_view word, const std::string& value) {
        if (word == "src") return address(said_.source, value);
        if (word == "dst") return address(said_.destination, value);
        if (word == "proto") return take(said_.protocol, parse_protocol(value));
        if (word == "sport") return port(said_.sport, value);
        if (word == "dport") return port(said_.dport, value);
        if (word == "flags") return take(said_.tcp_flags, bits(value, kTcpFlags));
        if (word == "type") return number(said_.icmp_type, value);
        if (word == "code") return number(said_.icmp_code, value);
        if (word == "ttl") return number(said_.ttl, value);
        if (word == "tos") return number(said_.tos, value);
        if (word == "length") return number(said_.length, value, 65535);
        if (word == "mark") return number(said_.mark, value);
        if (word == "status") return take(said_.status, bits(value, kStatus));
        if (word == "ctmark") return number(said_.connection_mark, value);
        if (word == "uid") return number(said_.uid, value);
        if (word == "gid") return number(said_.gid, value);
        if (word == "mss") return number(said_.mss, value) && *said_.mss != 0;
        if (word == "fragment") return number(said_.fragment, value, 8191) && *said_.fragment != 0;
        if (word == "pkttype") return take(said_.packet_type, choice(value));
        if (word == "hex") return take(said_.bytes, hex(value));
        if (word == "mac") return mac(value);
        if (word == "direction") {
            said_.reply = value == "reply";
            return value == "reply" || value == "original";
        }
        const auto state = std::ranges::find_if(kStates, [&](State each) { return same(name(each), value); });
        if (state == kStates.end()) return false;
        said_.state = *state;
        return true;
    }

    template <typename To, typename From> static Result<void> keep(std::optional<To>& to, From value) {
        to = static_cast<To>(value);
        return {};
    }

    template <typename To, typename From> static bool take(std::optional<To>& to, std::optional<From> value) {
        if (value) to = static_cast<To>(std::move(*value));
        return value.has_value();
    }

    template <typename To>
    static bool number(std::optional<To>& to, std::string_view text, std::uint64_t most = To(~To{0})) {
        return take(to, parse_number(text, 0, most));
    }

    static bool port(std::optional<std::uint16_t>& to, std::string_view text) {
        const auto port = parse_port(text, "");
        if (port) to = *port;
        return port.has_value();
    }

    static std::optional<std::uint8_t> choice(std::string_view text) {
        for (const Named& each : kPacketTypes)
            if (each.name == text) return static_cast<std::uint8_t>(each.bits);
        return std::nullopt;
    }

    bool address(std::optional<ir::Words>& to, const std::string& text) {
        ir::Words words{};
        Family family = Family::V4;
        if (::inet_pton(AF_INET, text.c_str(), words.data()) != 1) {
            family = Family::V6;
            if (::inet_pton(AF_INET6, text.c_str(), words.data()) != 1) return false;
        }
        if (said_.family && *said_.family != family) return false;
        said_.family = family;
        for (std::uint32_t& word : words)
            word = ntohl(word);
        to = words;
        return true;
    }

    bool mac(const std::string& text) {
        std::string digits = text;
        std::erase(digits, ':');
        const auto bytes = text.size() == 17 ? hex(digits) : std::nullopt;
        if (!bytes || bytes->size() != 6) return false;
        said_.mac.emplace();
        std::ranges::copy(*bytes, said_.mac->begin());
        return true;
    }

    std::vector<std::string> words_;
    std::size_t at_ = 0;
    Said said_;
};

} // namespace

std::string_view name(State state) {
    constexpr std::array<std::string_view, 5> kNames{"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"};
    return kNames.at(static_cast<std::size_t>(state));
}

Result<Said> read_words(const std::vector<std::string>& words, std::optional<Family> family) {
    return Reader(words, family).read();
}

} // namespace xtbpf::tool

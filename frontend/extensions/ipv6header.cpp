// SPDX-License-Identifier: GPL-2.0-or-later
// The match `ipv6header` of IPv6 (libip6t_ipv6header.c, net/ipv6/netfilter/ip6t_ipv6header.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/system_names.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_ipv6header.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kHeader, kSoft };

constexpr std::array kOptions{OptionDef{"header", Argument::Required, true}, OptionDef{"soft", Argument::None}};

struct Header {
    std::uint8_t protocol, bit;
    std::string_view name; // what /etc/protocols calls it; the kernel's IPPROTO_RAW is in none
    std::string_view own;  // libip6t_ipv6header.c's own short name
};
constexpr std::array kHeaders{
    Header{0, MASK_HOPOPTS, "hop-by-hop", "hop"},
    Header{60, MASK_DSTOPTS, "ipv6-opts", "dst"},
    Header{43, MASK_ROUTING, "ipv6-route", "route"},
    Header{44, MASK_FRAGMENT, "ipv6-frag", "frag"},
    Header{51, MASK_AH, "ah", "auth"},
    Header{50, MASK_ESP, "esp", "esp"},
    Header{59, MASK_NONE, "ipv6-nonxt", "none"},
    Header{255, MASK_PROTO, "protocol", "prot"},
};

// name_to_proto: the system's names, then its own, or the number of one of the headers
std::optional<int> find_protocol(const std::string& name) {
    if (const auto known = system_protocol(name)) return *known;
    for (const Header& header : kHeaders)
        if (name == header.name || name == header.own || name == std::to_string(header.protocol))
            return header.protocol;
    return std::nullopt;
}

std::unexpected<Error> unknown(std::string_view name) {
    return fail(ErrorKind::BadParameter, fmt::format("unknown header `{}' specified", name));
}

// parse_header: words as strtok finds them, empty ones don't count
Result<std::uint8_t> parse_headers(std::string_view text) {
    std::uint8_t headers = 0;
    while (!text.empty()) {
        const std::string word(text.substr(0, text.find(',')));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (word.empty()) continue;
        const auto protocol = find_protocol(word);
        if (!protocol) return unknown(word);
        std::uint8_t bit = 0;
        for (const Header& header : kHeaders)
            if (header.protocol == *protocol) bit = header.bit;
        if (bit == 0) return unknown(std::to_string(*protocol)); // add_proto_to_mask
        headers |= bit;
    }
    if (headers == 0) return fail(ErrorKind::BadParameter, "ip6t_ipv6header: cannot parse header names");
    return headers;
}

constexpr std::uint8_t kYes = 0xFF; // ipv6header_parse

class Ipv6Header final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kSoft) {
            soft_ = true;
            return {};
        }
        const auto headers = parse_headers(use.value);
        if (!headers) return std::unexpected(headers.error());
        headers_ = *headers;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (headers_ == 0) return guided::missing("ipv6header", "header");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --header " : " --header ";
        append_names(out);
        if (soft_) out += " --soft";
    }

    void list(std::string& out, bool numeric) const override {
        out += invert_ ? " ipv6header flags:!" : " ipv6header flags:";
        if (numeric)
            fmt::format_to(std::back_inserter(out), "0x{:02X}", headers_);
        else
            append_names(out);
        if (soft_) out += " soft";
    }

    // ipv6header_mt6: a cut header is never a match
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        const auto headers = [&](std::uint32_t mask, std::uint32_t value, bool invert) {
            out.push_back(ir::FieldTest{
                .field = ir::Field::ExtensionHeaders, .mask = mask, .ranges = {{value, value}}, .invert = invert});
        };
        if (!soft_) {
            if (invert_) headers(XT_EXT_CUT, 0, false);
            headers(~0U, headers_, invert_);
        } else {
            headers(XT_EXT_CUT | headers_, invert_ ? 0 : headers_, false);
        }
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<ip6t_ipv6header_info>();
        info.matchflags = headers_;
        info.invflags = invert_ ? kYes : 0;
        info.modeflag = soft_ ? kYes : 0;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_ipv6header_info>(bytes);
        headers_ = info.matchflags;
        invert_ = info.invflags;
        soft_ = info.modeflag;
        return true;
    }

  private:
    void append_names(std::string& out) const {
        std::string_view comma;
        for (const Header& header : kHeaders) {
            if (!(headers_ & header.bit)) continue;
            out += comma;
            out += header.name;
            comma = ",";
        }
    }

    std::uint8_t headers_ = 0;
    bool invert_ = false, soft_ = false;
};

std::string help(Family) {
    return "ipv6header match options:\n"
           "[!] --header headers     Type of header to match, by name\n"
           "                         names: hop,dst,route,frag,auth,esp,none,prot\n"
           "                    long names: hop-by-hop,ipv6-opts,ipv6-route,\n"
           "                                ipv6-frag,ah,esp,ipv6-nonxt,protocol\n"
           "                       numbers: 0,60,43,44,51,50,59\n"
           "--soft                    The header CONTAINS the specified extensions\n";
}

} // namespace

const MatchDef ipv6header_match{
    .name = "ipv6header",
    .options = kOptions,
    .ipv4 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ipv6Header>(); },
    .structure = structure_of<ip6t_ipv6header_info>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `rt` of IPv6: the routing header (libip6t_rt.c, net/ipv6/netfilter/ip6t_rt.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_rt.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kType, kSegments, kLength, kReserved, kAddresses, kNotStrict };

constexpr std::array kOptions{
    OptionDef{"rt-type", Argument::Required, true}, OptionDef{"rt-segsleft", Argument::Required, true},
    OptionDef{"rt-len", Argument::Required, true},  OptionDef{"rt-0-res", Argument::None},
    OptionDef{"rt-0-addrs", Argument::Required},    OptionDef{"rt-0-not-strict", Argument::None}};

// parse_addresses
Result<std::vector<in6_addr>> parse_addresses(std::string_view text) {
    std::vector<in6_addr> addresses;
    for (bool more = true; more;) {
        if (addresses.size() == IP6T_RT_HOPS) return fail(ErrorKind::BadParameter, "too many addresses specified");
        const std::string word(text.substr(0, text.find(',')));
        more = word.size() < text.size();
        if (more) text.remove_prefix(word.size() + 1);
        in6_addr address{};
        if (inet_pton(AF_INET6, word.c_str(), &address) != 1)
            return fail(ErrorKind::BadParameter, fmt::format("bad address: {}", word));
        addresses.push_back(address);
    }
    return addresses;
}

constexpr std::array<std::uint8_t, 6> kFlags{IP6T_RT_TYP, IP6T_RT_SGS, IP6T_RT_LEN,
                                             IP6T_RT_RES, IP6T_RT_FST, IP6T_RT_FST_NSTRICT};

class Rt final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (auto taken = take(use); !taken) return taken;
        used_[use.option] = true;
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kType]) fmt::format_to(std::back_inserter(out), "{} --rt-type {}", not_type_ ? " !" : "", type_);
        save_range(out, "rt-segsleft", segments_);
        if (used_[kLength]) fmt::format_to(std::back_inserter(out), "{} --rt-len {}", not_length_ ? " !" : "", length_);
        if (used_[kReserved]) out += " --rt-0-res";
        if (used_[kAddresses]) out += " --rt-0-addrs";
        append_addresses(out);
        if (used_[kNotStrict]) out += " --rt-0-not-strict";
    }

    void list(std::string& out, bool) const override {
        out += " rt";
        if (used_[kType]) // printed as a signed number
            fmt::format_to(std::back_inserter(out), " type:{}{}", not_type_ ? "!" : "",
                           static_cast<std::int32_t>(type_));
        if (segments_.restricts()) out += ' ';
        list_range(out, "segsleft", segments_);
        if (used_[kLength]) fmt::format_to(std::back_inserter(out), " length:{}{}", not_length_ ? "!" : "", length_);
        if (used_[kReserved]) out += " reserved";
        if (used_[kAddresses]) out += " 0-addrs";
        append_addresses(out);
        if (used_[kNotStrict]) out += " 0-not-strict";
    }

    // rt_mt6; lists of addresses are the kernel's
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<ip6t_rt>();
        info.rt_type = type_;
        info.segsleft[0] = segments_.low;
        info.segsleft[1] = segments_.high;
        info.hdrlen = length_;
        for (std::size_t i = 0; i < kFlags.size(); ++i)
            if (used_[i]) info.flags |= kFlags[i];
        if (not_type_) info.invflags |= IP6T_RT_INV_TYP;
        if (segments_.invert) info.invflags |= IP6T_RT_INV_SGS;
        if (not_length_) info.invflags |= IP6T_RT_INV_LEN;
        std::ranges::copy(addresses_, info.addrs);
        info.addrnr = static_cast<std::uint8_t>(addresses_.size());
        out.push_back(kernel_match("rt", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_rt>(bytes);
        if (info.addrnr > std::size(info.addrs)) return false;
        type_ = info.rt_type;
        segments_ = {info.segsleft[0], info.segsleft[1], (info.invflags & IP6T_RT_INV_SGS) != 0};
        length_ = info.hdrlen;
        for (std::size_t i = 0; i < kFlags.size(); ++i)
            used_[i] = info.flags & kFlags[i];
        not_type_ = info.invflags & IP6T_RT_INV_TYP;
        not_length_ = info.invflags & IP6T_RT_INV_LEN;
        addresses_.assign(info.addrs, info.addrs + info.addrnr);
        return true;
    }

  private:
    Result<void> take(const OptionUse& use) {
        switch (use.option) {
        case kType: not_type_ = use.inverted; return take_number(use, type_);
        case kLength: not_length_ = use.inverted; return take_number(use, length_);
        case kSegments: {
            const auto range = parse_number_range({"rt", "rt-segsleft"}, use);
            if (!range) return std::unexpected(range.error());
            segments_ = *range;
            return {};
        }
        case kNotStrict:
            if (!used_[kAddresses])
                return fail(ErrorKind::BadParameter, "`--rt-0-addr ...' required before `--rt-0-not-strict'");
            return {};
        default: break;
        }
        if (!used_[kType] || type_ != 0 || not_type_)
            return fail(ErrorKind::BadParameter,
                        fmt::format("`--rt-type 0' required before `--{}'", kOptions[use.option].name));
        if (use.option == kReserved) return {};
        auto addresses = parse_addresses(use.value);
        if (!addresses) return std::unexpected(std::move(addresses.error()));
        addresses_ = std::move(*addresses);
        return {};
    }

    static Result<void> take_number(const OptionUse& use, std::uint32_t& into) {
        const auto number = guided::number({"rt", kOptions[use.option].name}, use.value, 0, ~0U);
        if (!number) return std::unexpected(number.error());
        into = *number;
        return {};
    }

    void append_addresses(std::string& out) const {
        char before = ' ';
        for (const in6_addr& address : addresses_) {
            std::array<char, INET6_ADDRSTRLEN> text{};
            out += before;
            out += inet_ntop(AF_INET6, &address, text.data(), text.size());
            before = ',';
        }
    }

    std::array<bool, kOptions.size()> used_{};
    std::uint32_t type_ = 0, length_ = 0;
    bool not_type_ = false, not_length_ = false;
    NumberRange segments_;
    std::vector<in6_addr> addresses_;
};

// rt_mt6 looks at the range, not at its flag.
void clear_range_flag(Family, std::span<std::uint8_t> data) {
    put_at(data, offsetof(ip6t_rt, flags), info_from<ip6t_rt>(data).flags & ~std::uint32_t{IP6T_RT_SGS});
}

std::string help(Family) {
    return "rt match options:\n"
           "[!] --rt-type type             match the type\n"
           "[!] --rt-segsleft num[:num]    match the Segments Left field (range)\n"
           "[!] --rt-len length            total length of this header\n"
           " --rt-0-res                    check the reserved field too (type 0)\n"
           " --rt-0-addrs ADDR[,ADDR...]   Type=0 addresses (list, max: 16)\n"
           " --rt-0-not-strict             List of Type=0 addresses not a strict list\n";
}

} // namespace

const MatchDef rt_match{
    .name = "rt",
    .options = kOptions,
    .ipv4 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Rt>(); },
    .structure = structure_of<ip6t_rt, 0, clear_range_flag>,
};

} // namespace xtbpf::extensions

// SPDX-License-Identifier: GPL-2.0-or-later
// The match `policy` (libxt_policy.c, net/netfilter/xt_policy.c). IPsec's state is the kernel's, so its own match is asked.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/protocols.hpp"
#include "frontend/system_names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_policy.h>
#include <vector>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kDir, kPol, kStrict, kReqid, kSpi, kSource, kDestination, kProto, kMode, kNext };

constexpr std::array kOptions{
    OptionDef{"dir"},
    OptionDef{"pol"},
    OptionDef{"strict", Argument::None},
    OptionDef{"reqid", Argument::Required, true, true},
    OptionDef{"spi", Argument::Required, true, true},
    OptionDef{"tunnel-src", Argument::Required, true, true},
    OptionDef{"tunnel-dst", Argument::Required, true, true},
    OptionDef{"proto", Argument::Required, true, true},
    OptionDef{"mode", Argument::Required, true, true},
    OptionDef{"next", Argument::None, false, true},
};
// Those that describe an element, in the order in which they are printed.
constexpr std::array kPrinted{kReqid, kSpi, kProto, kMode, kDestination, kSource};

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

struct Element {
    std::array<bool, kOptions.size()> given{}, invert{};
    std::uint32_t reqid = 0, spi = 0;
    std::uint8_t protocol = 0;
    bool tunnel = false;
    std::array<HostMask, 2> ends; // source, destination

    bool empty() const {
        for (const std::size_t i : kPrinted)
            if (given[i]) return false;
        return true;
    }
};

class Policy final : public Match {
  public:
    explicit Policy(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kDir:
            if (use.value != "in" && use.value != "out")
                return bad(fmt::format("policy_match: invalid dir \"{}\"", use.value));
            flags_ |= use.value == "in" ? XT_POLICY_MATCH_IN : XT_POLICY_MATCH_OUT;
            return {};
        case kPol:
            if (use.value != "none" && use.value != "ipsec")
                return bad(fmt::format("policy match: invalid policy \"{}\"", use.value));
            if (use.value == "none") flags_ |= XT_POLICY_MATCH_NONE;
            return {};
        case kStrict: flags_ |= XT_POLICY_MATCH_STRICT; return {};
        case kNext:
            next_ = true;
            if (elements_.size() == XT_POLICY_MAX_ELEM) return bad("policy match: maximum policy depth reached");
            elements_.emplace_back();
            return {};
        default: return element_option(use, elements_.back());
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!(flags_ & (XT_POLICY_MATCH_IN | XT_POLICY_MATCH_OUT)))
            return bad("policy match: neither --dir in nor --dir out specified");
        if (none()) {
            if (flags_ & XT_POLICY_MATCH_STRICT) return bad("policy match: policy none but --strict given");
            if (next_) return bad("policy match: policy none but policy given");
            elements_.clear(); // what was said of the first is forgotten
        }
        for (std::size_t i = 0; i < elements_.size(); ++i) {
            const Element& element = elements_[i];
            if ((flags_ & XT_POLICY_MATCH_STRICT) && element.empty())
                return bad(fmt::format("policy match: empty policy element {}. --strict is in effect, but at least one "
                                       "of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.",
                                       i));
            if ((element.given[kSource] || element.given[kDestination]) && element.tunnel == element.invert[kMode])
                return bad("policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode");
        }
        if (next_ && !(flags_ & XT_POLICY_MATCH_STRICT)) return guided::also("policy", "next", "strict");
        return {};
    }

    // policy_mt_check
    Result<void> check(const RuleContext&, std::uint32_t hooks) const override {
        if ((flags_ & XT_POLICY_MATCH_OUT) && (hooks & (hook_bit(Hook::Prerouting) | hook_bit(Hook::Input))))
            return invalid_argument();
        if ((flags_ & XT_POLICY_MATCH_IN) && (hooks & (hook_bit(Hook::Postrouting) | hook_bit(Hook::Output))))
            return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        append_flags(out, "--");
        for (std::size_t i = 0; i < elements_.size(); ++i) {
            append_element(out, elements_[i], "--", false);
            if (i + 1 < elements_.size()) out += " --next";
        }
    }

    void list(std::string& out, bool numeric) const override {
        out += " policy match";
        append_flags(out, "");
        for (std::size_t i = 0; i < elements_.size(); ++i) {
            if (elements_.size() > 1) fmt::format_to(std::back_inserter(out), " [{}]", i);
            append_element(out, elements_[i], "", numeric);
        }
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_policy_info>();
        info.flags = static_cast<std::uint16_t>(flags_);
        info.len = static_cast<std::uint16_t>(elements_.size());
        for (std::size_t i = 0; i < elements_.size(); ++i)
            put_element(info.pol[i], elements_[i]);
        out.push_back(kernel_match("policy", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_policy_info>(bytes);
        if (info.len > XT_POLICY_MAX_ELEM) return false;
        flags_ = info.flags;
        elements_.clear();
        for (std::size_t i = 0; i < info.len && !none(); ++i)
            elements_.push_back(element_from(info.pol[i]));
        return true;
    }

  private:
    bool none() const { return flags_ & XT_POLICY_MATCH_NONE; }

    Result<void> element_option(const OptionUse& use, Element& element) {
        const std::string_view name = kOptions[use.option].name;
        std::uint32_t number = 0;
        HostMask host;
        if (use.option == kReqid || use.option == kSpi) {
            const auto parsed =
                guided::number({"policy", name}, use.value, 0, std::numeric_limits<std::uint32_t>::max());
            if (!parsed) return std::unexpected(parsed.error());
            number = *parsed;
        } else if (use.option == kSource || use.option == kDestination) {
            const auto parsed = parse_host_mask(family_, {"policy", name}, use.value);
            if (!parsed) return std::unexpected(parsed.error());
            host = *parsed;
        }
        if (element.given[use.option]) return bad(fmt::format("policy match: double --{} option", name));
        element.given[use.option] = true;
        element.invert[use.option] = use.inverted;
        switch (use.option) {
        case kReqid: element.reqid = number; return {};
        case kSpi: element.spi = number; return {};
        case kSource: element.ends[0] = host; return {};
        case kDestination: element.ends[1] = host; return {};
        case kMode:
            if (use.value != "transport" && use.value != "tunnel")
                return bad(fmt::format("policy match: invalid mode \"{}\"", use.value));
            element.tunnel = use.value == "tunnel";
            return {};
        default: {
            const auto protocol = parse_protocol(use.value);
            if (!protocol) return bad(fmt::format("unknown protocol \"{}\" specified", use.value));
            if (*protocol != IPPROTO_AH && *protocol != IPPROTO_ESP && *protocol != IPPROTO_COMP)
                return bad("policy match: protocol must be ah/esp/ipcomp");
            element.protocol = *protocol;
            return {};
        }
        }
    }

    void append_flags(std::string& out, std::string_view dashes) const {
        fmt::format_to(std::back_inserter(out), " {0}dir {1} {0}pol {2}", dashes,
                       flags_ & XT_POLICY_MATCH_IN ? "in" : "out", none() ? "none" : "ipsec");
        if (flags_ & XT_POLICY_MATCH_STRICT) fmt::format_to(std::back_inserter(out), " {}strict", dashes);
    }

    void append_element(std::string& out, const Element& element, std::string_view dashes, bool numeric) const {
        auto to = std::back_inserter(out);
        for (const std::size_t i : kPrinted) {
            if (!element.given[i]) continue;
            fmt::format_to(to, "{} {}{} ", element.invert[i] ? " !" : "", dashes, kOptions[i].name);
            switch (i) {
            case kReqid: fmt::format_to(to, "{}", element.reqid); break;
            case kSpi: fmt::format_to(to, "0x{:x}", element.spi); break;
            case kMode: out += element.tunnel ? "tunnel" : "transport"; break;
            case kProto: append_protocol(out, element.protocol, numeric); break;
            default:
                const HostMask& end = element.ends[i - kSource];
                fmt::format_to(to, "{}{}", host_text(family_, end.host), mask_text(family_, end.mask));
            }
        }
    }

    static void append_protocol(std::string& out, std::uint8_t protocol, bool numeric) {
        std::optional<std::string> known;
        if (!numeric) known = system_protocol_name(protocol);
        out += known ? *known : fmt::to_string(protocol);
    }

    void put_element(xt_policy_elem& to, const Element& from) const {
        to.reqid = from.reqid;
        to.spi = from.spi; // in host order: that is how iptables hands it over
        to.proto = from.protocol;
        to.mode = from.tunnel ? XT_POLICY_MODE_TUNNEL : XT_POLICY_MODE_TRANSPORT;
        put_end(to.saddr, to.smask, from.ends[0]);
        put_end(to.daddr, to.dmask, from.ends[1]);
        put_spec(to.match, from.given);
        put_spec(to.invert, from.invert);
    }

    Element element_from(const xt_policy_elem& from) const {
        Element element;
        element.reqid = from.reqid;
        element.spi = from.spi;
        element.protocol = from.proto;
        element.tunnel = from.mode == XT_POLICY_MODE_TUNNEL;
        element.ends[0] = {address_in(from.saddr), address_in(from.smask)};
        element.ends[1] = {address_in(from.daddr), address_in(from.dmask)};
        take_spec(from.match, element.given);
        take_spec(from.invert, element.invert);
        return element;
    }

    ir::Words address_in(const xt_policy_addr& from) const {
        std::uint32_t words[4];
        static_assert(sizeof words == sizeof from);
        std::memcpy(words, &from, sizeof words);
        if (family_ == Family::V4) return {ntohl(words[0])};
        return words_in(words);
    }

    static void take_spec(const xt_policy_spec& from, std::array<bool, kOptions.size()>& to) {
        to[kSource] = from.saddr;
        to[kDestination] = from.daddr;
        to[kProto] = from.proto;
        to[kMode] = from.mode;
        to[kSpi] = from.spi;
        to[kReqid] = from.reqid;
    }

    void put_end(xt_policy_addr& address, xt_policy_addr& mask, const HostMask& from) const {
        std::uint32_t words[4];
        put_words(words, from.host);
        std::memcpy(&address, words, sizeof words);
        put_mask(words, family_, from.mask);
        std::memcpy(&mask, words, sizeof words);
    }

    static void put_spec(xt_policy_spec& to, const std::array<bool, kOptions.size()>& from) {
        to.saddr = from[kSource];
        to.daddr = from[kDestination];
        to.proto = from[kProto];
        to.mode = from[kMode];
        to.spi = from[kSpi];
        to.reqid = from[kReqid];
    }

    Family family_;
    std::uint32_t flags_ = 0; // XT_POLICY_MATCH_*
    bool next_ = false;
    std::vector<Element> elements_{1};
};

void clear_unsaid(Family family, std::span<std::uint8_t> data) {
    const auto info = info_from<xt_policy_info>(data);
    if (info.flags & XT_POLICY_MATCH_NONE) { // policy_mt looks no further
        std::ranges::fill(data.first(offsetof(xt_policy_info, flags)), std::uint8_t{0});
        put_at(data, offsetof(xt_policy_info, len), std::uint16_t{0});
    }
    for (std::size_t i = 0; i < XT_POLICY_MAX_ELEM; ++i)
        clear_behind_ipv4<0, 4>(family, data.subspan(i * sizeof(xt_policy_elem)));
}

std::string help(Family) {
    return "policy match options:\n"
           "  --dir in|out\t\t\tmatch policy applied during decapsulation/\n"
           "\t\t\t\tpolicy to be applied during encapsulation\n"
           "  --pol none|ipsec\t\tmatch policy\n"
           "  --strict \t\t\tmatch entire policy instead of single element\n"
           "\t\t\t\tat any position\n"
           "These options may be used repeatedly, to describe policy elements:\n"
           "[!] --reqid reqid\t\tmatch reqid\n"
           "[!] --spi spi\t\t\tmatch SPI\n"
           "[!] --proto proto\t\tmatch protocol (ah/esp/ipcomp)\n"
           "[!] --mode mode \t\tmatch mode (transport/tunnel)\n"
           "[!] --tunnel-src addr/mask\tmatch tunnel source\n"
           "[!] --tunnel-dst addr/mask\tmatch tunnel destination\n"
           "  --next \t\t\tbegin next element in policy\n";
}

} // namespace

const MatchDef policy_match{
    .name = "policy",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<Policy>(family); },
    .structure = structure_of<xt_policy_info, 0, clear_unsaid>,
};

} // namespace xtbpf::extensions

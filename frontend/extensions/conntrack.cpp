// SPDX-License-Identifier: GPL-2.0-or-later
// The match `conntrack`, revision 3 (libxt_conntrack.c, net/netfilter/xt_conntrack.c). `state` is in state.cpp.
#include "frontend/extensions/conntrack_state.hpp"
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/protocols.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>

namespace xtbpf::extensions {

namespace {

// In the order in which they are printed.
enum : std::size_t {
    kState,
    kProto,
    kOrigSrc,
    kOrigDst,
    kReplSrc,
    kReplDst,
    kOrigSrcPort,
    kOrigDstPort,
    kReplSrcPort,
    kReplDstPort,
    kStatus,
    kExpire,
    kDir
};

constexpr std::array kOptions{
    OptionDef{"ctstate", Argument::Required, true},
    OptionDef{"ctproto", Argument::Required, true},
    OptionDef{"ctorigsrc", Argument::Required, true},
    OptionDef{"ctorigdst", Argument::Required, true},
    OptionDef{"ctreplsrc", Argument::Required, true},
    OptionDef{"ctrepldst", Argument::Required, true},
    OptionDef{"ctorigsrcport", Argument::Required, true},
    OptionDef{"ctorigdstport", Argument::Required, true},
    OptionDef{"ctreplsrcport", Argument::Required, true},
    OptionDef{"ctrepldstport", Argument::Required, true},
    OptionDef{"ctstatus", Argument::Required, true},
    OptionDef{"ctexpire", Argument::Required, true},
    OptionDef{"ctdir"},
};

constexpr std::array kAddressFields{ir::AddressField::CtOrigSource, ir::AddressField::CtOrigDestination,
                                    ir::AddressField::CtReplySource, ir::AddressField::CtReplyDestination};
constexpr std::array kPortFields{ir::Field::CtOrigSourcePort, ir::Field::CtOrigDestinationPort,
                                 ir::Field::CtReplySourcePort, ir::Field::CtReplyDestinationPort};

constexpr std::array kStatusNames{NamedBits{"NONE", 0}, NamedBits{"EXPECTED", IPS_EXPECTED},
                                  NamedBits{"SEEN_REPLY", IPS_SEEN_REPLY}, NamedBits{"ASSURED", IPS_ASSURED},
                                  NamedBits{"CONFIRMED", IPS_CONFIRMED}};

// Of struct xt_conntrack_mtinfo3; bits by option.
constexpr std::array<std::uint16_t, 13> kBits{
    XT_CONNTRACK_STATE,        XT_CONNTRACK_PROTO,        XT_CONNTRACK_ORIGSRC,      XT_CONNTRACK_ORIGDST,
    XT_CONNTRACK_REPLSRC,      XT_CONNTRACK_REPLDST,      XT_CONNTRACK_ORIGSRC_PORT, XT_CONNTRACK_ORIGDST_PORT,
    XT_CONNTRACK_REPLSRC_PORT, XT_CONNTRACK_REPLDST_PORT, XT_CONNTRACK_STATUS,       XT_CONNTRACK_EXPIRES,
    XT_CONNTRACK_DIRECTION};
struct AddressMember {
    nf_inet_addr xt_conntrack_mtinfo3::*host, xt_conntrack_mtinfo3::*mask;
};
constexpr std::array kAddresses{
    AddressMember{&xt_conntrack_mtinfo3::origsrc_addr, &xt_conntrack_mtinfo3::origsrc_mask},
    AddressMember{&xt_conntrack_mtinfo3::origdst_addr, &xt_conntrack_mtinfo3::origdst_mask},
    AddressMember{&xt_conntrack_mtinfo3::replsrc_addr, &xt_conntrack_mtinfo3::replsrc_mask},
    AddressMember{&xt_conntrack_mtinfo3::repldst_addr, &xt_conntrack_mtinfo3::repldst_mask}};
struct PortMember {
    __u16 xt_conntrack_mtinfo3::*low, xt_conntrack_mtinfo3::*high;
};
constexpr std::array kPorts{PortMember{&xt_conntrack_mtinfo3::origsrc_port, &xt_conntrack_mtinfo3::origsrc_port_high},
                            PortMember{&xt_conntrack_mtinfo3::origdst_port, &xt_conntrack_mtinfo3::origdst_port_high},
                            PortMember{&xt_conntrack_mtinfo3::replsrc_port, &xt_conntrack_mtinfo3::replsrc_port_high},
                            PortMember{&xt_conntrack_mtinfo3::repldst_port, &xt_conntrack_mtinfo3::repldst_port_high}};

class Conntrack final : public Match {
  public:
    explicit Conntrack(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        const Result<void> taken = take(use);
        if (taken) {
            given_[use.option] = true;
            invert_[use.option] = use.inverted;
        }
        return taken;
    }

    Result<void> finish(const RuleContext&) override {
        for (const bool given : given_)
            if (given) return {};
        return fail(ErrorKind::BadParameter, "conntrack: At least one option is required");
    }

    void save(std::string& out) const override { print(out, "--", true); }
    void list(std::string& out, bool numeric) const override { print(out, "", numeric); }

    // conntrack_mt. The state is asked with or without an entry; without one all else is as if true when the state was
    // asked, and false when not.
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        if (given_[kState]) out.push_back(state_test(states_, invert_[kState]));
        const ir::Gate gate{.field = ir::Field::CtPresent, .otherwise = given_[kState]};
        if (given_[kDir]) out.push_back(in_range(ir::Field::CtDirection, reply_, reply_, false, gate));
        for (std::size_t i = 0; i < kAddressFields.size(); ++i)
            if (given_[kOrigSrc + i]) out.push_back(address_test(i, gate));
        if (given_[kProto]) out.push_back(in_range(ir::Field::CtProto, protocol_, protocol_, invert_[kProto], gate));
        for (std::size_t i = 0; i < kPortFields.size(); ++i)
            if (given_[kOrigSrcPort + i])
                out.push_back(in_range(kPortFields[i], ports_[i].low, ports_[i].high, invert_[kOrigSrcPort + i], gate));
        if (given_[kStatus])
            out.push_back(ir::FieldTest{.field = ir::Field::CtStatus,
                                        .mask = statuses_,
                                        .ranges = {{1, ~0U}},
                                        .invert = invert_[kStatus],
                                        .gate = gate});
        if (given_[kExpire])
            out.push_back(in_range(ir::Field::CtExpires, expire_.low, expire_.high, invert_[kExpire], gate));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_conntrack_mtinfo3>();
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            set_bit(info.match_flags, kBits[i], given_[i]);
            set_bit(info.invert_flags, kBits[i], given_[i] && invert_[i]);
        }
        set_bit(info.invert_flags, XT_CONNTRACK_DIRECTION, given_[kDir] && reply_);
        for (std::size_t i = 0; i < kAddresses.size(); ++i) {
            put_words((info.*kAddresses[i].host).all, hosts_[i].host);
            put_mask((info.*kAddresses[i].mask).all, family_, hosts_[i].mask);
        }
        for (std::size_t i = 0; i < kPorts.size(); ++i) {
            if (!given_[kOrigSrcPort + i]) continue;
            info.*kPorts[i].low = ports_[i].low;
            info.*kPorts[i].high = ports_[i].high;
        }
        info.expires_min = expire_.low;
        info.expires_max = expire_.high;
        info.l4proto = protocol_;
        info.state_mask = static_cast<std::uint16_t>(states_);
        info.status_mask = static_cast<std::uint16_t>(statuses_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_conntrack_mtinfo3>(bytes);
        if (info.match_flags & XT_CONNTRACK_STATE_ALIAS) return false; // `state`
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            given_[i] = info.match_flags & kBits[i];
            invert_[i] = i != kDir && (info.invert_flags & kBits[i]);
        }
        reply_ = info.invert_flags & XT_CONNTRACK_DIRECTION;
        for (std::size_t i = 0; i < kAddresses.size(); ++i)
            hosts_[i] = {words_in((info.*kAddresses[i].host).all), words_in((info.*kAddresses[i].mask).all)};
        for (std::size_t i = 0; i < kPorts.size(); ++i)
            ports_[i] = {info.*kPorts[i].low, info.*kPorts[i].high};
        expire_ = {info.expires_min, info.expires_max};
        protocol_ = static_cast<std::uint8_t>(info.l4proto);
        states_ = info.state_mask;
        statuses_ = info.status_mask;
        return true;
    }

  private:
    // The kinds of value, one after the other.
    Result<void> take(const OptionUse& use) {
        const std::string_view name = kOptions[use.option].name;
        switch (use.option) {
        case kState: return take_names(use, states_, kStateNames);
        case kStatus: return take_names(use, statuses_, kStatusNames);
        case kProto: return take_protocol(use);
        case kDir: return take_direction(use);
        case kExpire: return put(guided::span({"conntrack", name}, use.value, ~0U), expire_);
        case kOrigSrcPort:
        case kOrigDstPort:
        case kReplSrcPort:
        case kReplDstPort:
            return put(parse_port_range({"conntrack", name}, use.value), ports_[use.option - kOrigSrcPort]);
        default: return put(parse_host_mask(family_, {"conntrack", name}, use.value), hosts_[use.option - kOrigSrc]);
        }
    }

    template <typename T> static Result<void> put(const Result<T>& from, T& into) {
        if (!from) return std::unexpected(from.error());
        into = *from;
        return {};
    }

    static Result<void> take_names(const OptionUse& use, std::uint32_t& into, std::span<const NamedBits> names) {
        const auto bits = parse_name_list(use.value, names);
        if (!bits)
            return fail(ErrorKind::BadParameter, fmt::format("Bad {} \"{}\"", kOptions[use.option].name, bits.error()));
        into = *bits;
        return {};
    }

    Result<void> take_protocol(const OptionUse& use) {
        const auto protocol = parse_protocol(use.value);
        if (!protocol)
            return fail(ErrorKind::BadParameter, fmt::format("unknown protocol \"{}\" specified", use.value));
        protocol_ = *protocol;
        if (protocol_ != 0) return {};
        return fail(ErrorKind::BadParameter, use.inverted ? "conntrack: condition would always match protocol"
                                                          : "conntrack: rule would never match protocol");
    }

    Result<void> take_direction(const OptionUse& use) {
        const bool whole = use.value.size() == 8 || use.value.size() == 5;
        reply_ = begins_with("REPLY", use.value);
        if (whole && (reply_ || begins_with("ORIGINAL", use.value))) return {};
        return fail(ErrorKind::BadParameter,
                    fmt::format("conntrack: Bad value for \"--ctdir\" option: \"{}\"", use.value));
    }

    ir::AddressTest address_test(std::size_t i, const ir::Gate& gate) const {
        ir::AddressTest test{.field = kAddressFields[i],
                             .value = hosts_[i].host,
                             .mask = hosts_[i].mask,
                             .invert = invert_[kOrigSrc + i],
                             .gate = gate};
        for (std::size_t word = 0; word < test.value.size(); ++word)
            test.value[word] &= test.mask[word];
        return test;
    }

    // conntrack_dump: the same words for save and -L
    void print(std::string& out, std::string_view dashes, bool numeric) const {
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!given_[i]) continue;
            fmt::format_to(std::back_inserter(out), "{} {}{} ", invert_[i] ? " !" : "", dashes, kOptions[i].name);
            print_value(out, i, numeric);
        }
    }

    void print_value(std::string& out, std::size_t i, bool numeric) const {
        switch (i) {
        case kState: append_name_list(out, states_, kStateNames); return;
        case kStatus:
            if (statuses_ == 0) out += "NONE";
            append_name_list(out, statuses_, kStatusNames);
            return;
        case kProto: fmt::format_to(std::back_inserter(out), "{}", protocol_); return;
        case kDir: out += reply_ ? "REPLY" : "ORIGINAL"; return;
        case kExpire: print_range(out, expire_.low, expire_.high); return;
        case kOrigSrcPort:
        case kOrigDstPort:
        case kReplSrcPort:
        case kReplDstPort: print_range(out, ports_[i - kOrigSrcPort].low, ports_[i - kOrigSrcPort].high); return;
        default: print_host(out, hosts_[i - kOrigSrc], numeric);
        }
    }

    static void print_range(std::string& out, std::uint32_t low, std::uint32_t high) {
        fmt::format_to(std::back_inserter(out), "{}", low);
        if (low != high) fmt::format_to(std::back_inserter(out), ":{}", high);
    }

    // conntrack_dump_addr: an address of zeros is "anywhere" whatever its mask
    void print_host(std::string& out, const HostMask& host, bool numeric) const {
        if (!numeric && host.host == ir::Words{}) {
            out += "anywhere";
            return;
        }
        out += numeric ? host_text(family_, host.host) : host_name(family_, host.host);
        out += mask_text(family_, host.mask);
    }

    Family family_;
    std::array<bool, kOptions.size()> given_{}, invert_{};
    std::uint32_t states_ = 0, statuses_ = 0;
    std::uint8_t protocol_ = 0;
    bool reply_ = false;
    std::array<HostMask, 4> hosts_{};
    std::array<PortRange, 4> ports_{};
    guided::Span expire_{};
};

std::string help(Family) {
    return "conntrack match options:\n"
           "[!] --ctstate {INVALID|ESTABLISHED|NEW|RELATED|UNTRACKED|SNAT|DNAT}[,...]\n"
           "                               State(s) to match\n"
           "[!] --ctproto proto            Protocol to match; by number or name, e.g. \"tcp\"\n"
           "[!] --ctorigsrc address[/mask]\n"
           "[!] --ctorigdst address[/mask]\n"
           "[!] --ctreplsrc address[/mask]\n"
           "[!] --ctrepldst address[/mask]\n"
           "                               Original/Reply source/destination address\n"
           "[!] --ctorigsrcport port\n"
           "[!] --ctorigdstport port\n"
           "[!] --ctreplsrcport port\n"
           "[!] --ctrepldstport port\n"
           "                               TCP/UDP/SCTP orig./reply source/destination port\n"
           "[!] --ctstatus {NONE|EXPECTED|SEEN_REPLY|ASSURED|CONFIRMED}[,...]\n"
           "                               Status(es) to match\n"
           "[!] --ctexpire time[:time]     Match remaining lifetime in seconds against\n"
           "                               value or range of values (inclusive)\n"
           "    --ctdir {ORIGINAL|REPLY}   Flow direction of packet\n";
}

} // namespace

static_assert(offsetof(xt_conntrack_mtinfo3, expires_min) == 8 * sizeof(nf_inet_addr));

const MatchDef conntrack_match{
    .name = "conntrack",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<Conntrack>(family); },
    .structure = structure_of<xt_conntrack_mtinfo3, 3, clear_behind_ipv4<0, 8>>,
};

} // namespace xtbpf::extensions

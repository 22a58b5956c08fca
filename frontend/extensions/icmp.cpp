// SPDX-License-Identifier: GPL-2.0-or-later
// The matches `icmp` and `icmp6` (libipt_icmp.c, libip6t_icmp6.c, net/netfilter/xt_tcpudp.c): the same but for the names
// and for type 255, which in IPv4 stands for any.
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/icmp_types.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"icmp-type", Argument::Required, true}};
constexpr std::array kOptions6{OptionDef{"icmpv6-type", Argument::Required, true}};

constexpr std::uint8_t kAnyType = 255;
constexpr IcmpType kAny{kAnyType, 0, 255};

class Icmp final : public Match {
  public:
    explicit Icmp(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        const auto type = parse_icmp_type(family_, use.value);
        if (!type) return std::unexpected(type.error());
        type_ = *type;
        given_ = true;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (given_) return {};
        return v4() ? guided::missing("icmp", "icmp-type") : guided::missing("icmp6", "icmpv6-type");
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --{} ", invert_ ? " !" : "", v4() ? "icmp-type" : "icmpv6-type");
        if (v4() && type_ == kAny) {
            out += "any";
            return;
        }
        fmt::format_to(std::back_inserter(out), "{}", type_.type);
        if (type_.code_min == 0 && type_.code_max == 255) return;
        fmt::format_to(std::back_inserter(out), "/{}", type_.code_min);
        // iptables saves a range of codes as its lower end, and so changes the rule; the text here is the rule, so it stays
        if (type_.code_max != type_.code_min) fmt::format_to(std::back_inserter(out), ":{}", type_.code_max);
    }

    void list(std::string& out, bool numeric) const override {
        out += v4() ? " icmp" : " ipv6-icmp";
        if (!numeric)
            for (const IcmpName& entry : icmp_names(family_))
                if (entry.type == type_) {
                    fmt::format_to(std::back_inserter(out), " {}{}", invert_ ? "!" : "", entry.name);
                    return;
                }
        fmt::format_to(std::back_inserter(out), "{}type {}", invert_ ? " !" : "", type_.type);
        if (type_.code_min == type_.code_max)
            fmt::format_to(std::back_inserter(out), " code {}", type_.code_min);
        else if (type_.code_min != 0 || type_.code_max != 255)
            fmt::format_to(std::back_inserter(out), " codes {}-{}", type_.code_min, type_.code_max);
    }

    // icmp_match, icmp6_match: they want all 8 bytes of struct icmphdr, or drop the packet
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 8});
        const std::uint32_t type = type_.type * 256U;
        if (!v4() || type_.type != kAnyType)
            out.push_back(in_range(ir::Field::IcmpTypeCode, type | type_.code_min, type | type_.code_max, invert_));
        else if (invert_) // icmp_type_code_match: any type, whatever the codes
            out.push_back(in_range(ir::Field::IcmpTypeCode, 0, 0xFFFF, invert_));
    }

    // struct ip6t_icmp is the same
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        ipt_icmp info{.type = type_.type, .code = {type_.code_min, type_.code_max}, .invflags = 0};
        set_bit(info.invflags, IPT_ICMP_INV, invert_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ipt_icmp>(bytes);
        type_ = {info.type, info.code[0], info.code[1]};
        given_ = true;
        invert_ = info.invflags & IPT_ICMP_INV;
        return true;
    }

  private:
    bool v4() const { return family_ == Family::V4; }

    Family family_;
    IcmpType type_;
    bool given_ = false, invert_ = false;
};

std::unique_ptr<Match> create(Family family) { return std::make_unique<Icmp>(family); }

std::string icmp_help(Family) {
    return "icmp match options:\n"
           "[!] --icmp-type typename\tmatch icmp type\n"
           "[!] --icmp-type type[/code]\t(or numeric type or type/code)\n"
           "Valid ICMP Types:" +
           icmp_type_list(Family::V4);
}

std::string icmp6_help(Family) {
    return "icmpv6 match options:\n"
           "[!] --icmpv6-type typename\tmatch icmpv6 type\n"
           "\t\t\t\t(or numeric type or type/code)\n"
           "Valid ICMPv6 Types:" +
           icmp_type_list(Family::V6);
}

} // namespace

const MatchDef icmp_match{
    .name = "icmp",
    .options = kOptions,
    .ipv6 = false,
    .limits = {.protocol = IPPROTO_ICMP},
    .help = icmp_help,
    .create = create,
    .protocol = IPPROTO_ICMP,
    .structure = structure_of<ipt_icmp>,
};

const MatchDef icmp6_match{
    .name = "icmp6",
    .options = kOptions6,
    .ipv4 = false,
    .limits = {.protocol = IPPROTO_ICMPV6},
    .help = icmp6_help,
    .create = create,
    .protocol = IPPROTO_ICMPV6,
    .structure = structure_of<ipt_icmp>,
};

} // namespace xtbpf::extensions

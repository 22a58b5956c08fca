// SPDX-License-Identifier: GPL-2.0-or-later
// The target `REJECT` (libipt_REJECT.c, libip6t_REJECT.c, net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"reject-with"}};

struct Kind {
    std::string_view name, alias, text;
    ir::RejectEffect effect;
    unsigned with; // enum ipt_reject_with, ip6t_reject_with
};

// In the order of help, in which a name that is cut short is looked for. Codes of RFC 792, 1812 and 4443.
constexpr std::array kKinds{
    Kind{"icmp-net-unreachable", "net-unreach", "ICMP network unreachable", {false, 0}, IPT_ICMP_NET_UNREACHABLE},
    Kind{"icmp-host-unreachable", "host-unreach", "ICMP host unreachable", {false, 1}, IPT_ICMP_HOST_UNREACHABLE},
    Kind{"icmp-proto-unreachable", "proto-unreach", "ICMP protocol unreachable", {false, 2}, IPT_ICMP_PROT_UNREACHABLE},
    Kind{"icmp-port-unreachable",
         "port-unreach",
         "ICMP port unreachable (default)",
         {false, 3},
         IPT_ICMP_PORT_UNREACHABLE},
    Kind{"icmp-net-prohibited", "net-prohib", "ICMP network prohibited", {false, 9}, IPT_ICMP_NET_PROHIBITED},
    Kind{"icmp-host-prohibited", "host-prohib", "ICMP host prohibited", {false, 10}, IPT_ICMP_HOST_PROHIBITED},
    Kind{"tcp-reset", "tcp-rst", "TCP RST packet", {true, 0}, IPT_TCP_RESET},
    Kind{"icmp-admin-prohibited",
         "admin-prohib",
         "ICMP administratively prohibited (*)",
         {false, 13},
         IPT_ICMP_ADMIN_PROHIBITED},
};
constexpr std::array kKinds6{
    Kind{"icmp6-no-route", "no-route", "ICMPv6 no route", {false, 0}, IP6T_ICMP6_NO_ROUTE},
    Kind{"icmp6-adm-prohibited",
         "adm-prohibited",
         "ICMPv6 administratively prohibited",
         {false, 1},
         IP6T_ICMP6_ADM_PROHIBITED},
    Kind{"icmp6-addr-unreachable", "addr-unreach", "ICMPv6 address unreachable", {false, 3}, IP6T_ICMP6_ADDR_UNREACH},
    Kind{"icmp6-port-unreachable", "port-unreach", "ICMPv6 port unreachable", {false, 4}, IP6T_ICMP6_PORT_UNREACH},
    Kind{"tcp-reset", "tcp-reset", "TCP RST packet", {true, 0}, IP6T_TCP_RESET},
    Kind{"icmp6-policy-fail", "policy-fail", "ICMPv6 policy fail", {false, 5}, IP6T_ICMP6_POLICY_FAIL},
    Kind{"icmp6-reject-route", "reject-route", "ICMPv6 reject route", {false, 6}, IP6T_ICMP6_REJECT_ROUTE},
};
constexpr std::size_t kDefault = 3; // port unreachable, in both

std::span<const Kind> kinds(Family family) {
    return family == Family::V4 ? std::span<const Kind>(kKinds) : std::span<const Kind>(kKinds6);
}

// The enumeration as a number, which may be any.
struct Info {
    unsigned with;
};
static_assert(sizeof(Info) == sizeof(ipt_reject_info) && sizeof(Info) == sizeof(ip6t_reject_info));

class Reject final : public Target {
  public:
    explicit Reject(Family family) : family_(family), kind_(&kinds(family)[kDefault]) {}

    Result<void> option(const OptionUse& use) override {
        for (const Kind& kind : kinds(family_)) {
            if (!begins_with(kind.name, use.value) && !begins_with(kind.alias, use.value)) continue;
            kind_ = &kind;
            return {};
        }
        // it was a kind long ago
        if (family_ == Family::V4 && use.rule.warnings &&
            (begins_with("echo-reply", use.value) || begins_with("echoreply", use.value)))
            *use.rule.warnings += "--reject-with echo-reply no longer supported\n";
        return fail(ErrorKind::BadParameter, fmt::format("unknown reject type \"{}\"", use.value));
    }

    // reject_tg_check, reject_tg6_check
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if (kind_->effect.tcp_reset && (rule.protocol != IPPROTO_TCP || rule.protocol_inverted))
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --reject-with {}", kind_->name);
    }
    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " reject-with {}", kind_->name);
    }

    ir::Action lower(const RuleContext&) const override { return ir::HandOff{kind_->effect}; }

    // struct ip6t_reject_info is the same
    std::vector<std::uint8_t> encode(const RuleContext&) const override { return info_bytes(Info{kind_->with}); }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const unsigned with = info_from<Info>(bytes).with;
        const auto found = std::ranges::find(kinds(family_), with, &Kind::with);
        if (found == kinds(family_).end()) return false;
        kind_ = &*found;
        return true;
    }

  private:
    Family family_;
    const Kind* kind_;
};

std::string help(Family family) {
    std::string out = "REJECT target options:\n"
                      "--reject-with type              drop input packet and send back\n"
                      "                                a reply packet according to type:\n"
                      "Valid reject types:\n";
    for (const Kind& kind : kinds(family))
        out += fmt::format("    {:<25}\t{}\n    {:<25}\talias\n", kind.name, kind.text, kind.alias);
    out += '\n';
    if (family == Family::V4) out += "(*) See man page or read the INCOMPATIBILITES file for compatibility issues.\n";
    return out;
}

} // namespace

const TargetDef reject_target{
    .name = "REJECT",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward) | hook_bit(Hook::Output),
               .table = TableId::Filter},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Reject>(family); },
    .structure = structure_of<Info>,
};

} // namespace xtbpf::extensions

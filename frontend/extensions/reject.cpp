// SPDX-License-Identifier: GPL-2.0-or-later
// The target `REJECT` (libipt_REJECT.c, libip6t_REJECT.c, net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"reject-with"}};

struct Kind {
    std::string_view name, alias, text;
    ir::RejectEffect effect;
};

// In the order of help, in which a name that is cut short is looked for. Codes of RFC 792, 1812 and 4443.
constexpr std::array kKinds{
    Kind{"icmp-net-unreachable", "net-unreach", "ICMP network unreachable", {false, 0}},
    Kind{"icmp-host-unreachable", "host-unreach", "ICMP host unreachable", {false, 1}},
    Kind{"icmp-proto-unreachable", "proto-unreach", "ICMP protocol unreachable", {false, 2}},
    Kind{"icmp-port-unreachable", "port-unreach", "ICMP port unreachable (default)", {false, 3}},
    Kind{"icmp-net-prohibited", "net-prohib", "ICMP network prohibited", {false, 9}},
    Kind{"icmp-host-prohibited", "host-prohib", "ICMP host prohibited", {false, 10}},
    Kind{"tcp-reset", "tcp-rst", "TCP RST packet", {true, 0}},
    Kind{"icmp-admin-prohibited", "admin-prohib", "ICMP administratively prohibited (*)", {false, 13}},
};
constexpr std::array kKinds6{
    Kind{"icmp6-no-route", "no-route", "ICMPv6 no route", {false, 0}},
    Kind{"icmp6-adm-prohibited", "adm-prohibited", "ICMPv6 administratively prohibited", {false, 1}},
    Kind{"icmp6-addr-unreachable", "addr-unreach", "ICMPv6 address unreachable", {false, 3}},
    Kind{"icmp6-port-unreachable", "port-unreach", "ICMPv6 port unreachable", {false, 4}},
    Kind{"tcp-reset", "tcp-reset", "TCP RST packet", {true, 0}},
    Kind{"icmp6-policy-fail", "policy-fail", "ICMPv6 policy fail", {false, 5}},
    Kind{"icmp6-reject-route", "reject-route", "ICMPv6 reject route", {false, 6}},
};
constexpr std::size_t kDefault = 3; // port unreachable, in both

std::span<const Kind> kinds(Family family) {
    return family == Family::V4 ? std::span<const Kind>(kKinds) : std::span<const Kind>(kKinds6);
}

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
};

} // namespace xtbpf::extensions

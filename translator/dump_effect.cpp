// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/dump.hpp"
#include "translator/effect.hpp"

#include <fmt/format.h>
#include <iterator>

namespace xtbpf::ir {

namespace {

std::string words_text(const Words& words) { // IPv4: the first alone; the family isn't known here
    std::string text = fmt::format("{:x}", words[0]);
    for (std::size_t at = 1; at < words.size(); ++at)
        fmt::format_to(std::back_inserter(text), ":{:x}", words[at]);
    return text;
}

struct Text {
    std::string operator()(const RejectEffect& reject) const {
        return reject.tcp_reset ? "reject(tcp-reset)" : fmt::format("reject(icmp={})", reject.icmp_code);
    }

    std::string operator()(const LogEffect& log) const {
        return fmt::format("log(prefix={},level={},flags=0x{:x})", quoted(log.prefix), log.level, log.flags);
    }

    std::string operator()(const KernelTarget& target) const {
        constexpr const char* kAfter[] = {"", ",ends", ",waits"};
        std::string text = fmt::format("{}target({}/{}:", target.tied ? "tied-" : "", target.name, target.revision);
        for (const std::uint8_t byte : target.info)
            fmt::format_to(std::back_inserter(text), "{:02x}", byte);
        text += kAfter[static_cast<std::size_t>(target.after)];
        if (target.writes != 0) fmt::format_to(std::back_inserter(text), ",writes=0x{:x}", target.writes);
        if (target.protocol != 0) fmt::format_to(std::back_inserter(text), ",p={}", target.protocol);
        return text + ')';
    }

    std::string operator()(const NatEffect& nat) const {
        constexpr const char* kKinds[] = {"snat", "dnat", "masquerade", "redirect", "netmap"};
        std::string text = fmt::format("{}(", kKinds[static_cast<std::size_t>(nat.kind)]);
        if (nat.addresses)
            fmt::format_to(std::back_inserter(text), "{}-{}", words_text(nat.addresses->low),
                           words_text(nat.addresses->high));
        if (nat.ports) fmt::format_to(std::back_inserter(text), " ports={}-{}", nat.ports->low, nat.ports->high);
        if (nat.flags != 0) fmt::format_to(std::back_inserter(text), " flags=0x{:x}", nat.flags);
        return text + ')';
    }

    std::string operator()(const TosEffect& tos) const {
        return fmt::format("tos(mask=0x{:x},value=0x{:x})", tos.mask, tos.value);
    }

    std::string operator()(const TtlEffect& ttl) const {
        constexpr const char* kKinds[] = {"=", "+", "-"};
        return fmt::format("ttl({}{})", kKinds[static_cast<std::size_t>(ttl.kind)], ttl.value);
    }

    std::string operator()(const TcpEcnEffect& ecn) const {
        std::string text = "tcp-ecn(";
        if (ecn.cwr) text += *ecn.cwr ? "cwr=1" : "cwr=0";
        if (ecn.ece) text += *ecn.ece ? " ece=1" : " ece=0";
        if (ecn.ect) text += fmt::format(" ect={}", *ecn.ect);
        return text + ')';
    }

    std::string operator()(const TproxyEffect& tproxy) const {
        return fmt::format("tproxy({} port={} mark=0x{:x}/0x{:x})",
                           tproxy.address ? words_text(*tproxy.address) : "local", tproxy.port, tproxy.mark_value,
                           tproxy.mark_mask);
    }

    std::string operator()(const SecurityMarkEffect& mark) const {
        return mark.save ? "security-mark(save)" : "security-mark(restore)";
    }

    std::string operator()(const NotrackEffect&) const { return "notrack"; }
    std::string operator()(const TraceEffect&) const { return "trace"; }

    std::string operator()(const ZoneEffect& zone) const {
        constexpr const char* kDirections[] = {"", "original ", "reply "};
        return fmt::format("zone({}{})", kDirections[static_cast<std::size_t>(zone.direction)],
                           zone.zone ? std::to_string(*zone.zone) : "mark");
    }
};

} // namespace

std::string dump(const Effect& effect) { return std::visit(Text{}, effect); }

} // namespace xtbpf::ir

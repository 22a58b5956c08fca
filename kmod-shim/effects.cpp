// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/effects.hpp"

#include "kmod-shim/expression.hpp"
#include "kmod-shim/header_effects.hpp"
#include "kmod-shim/nat_effect.hpp"
#include "kmod-shim/security_mark.hpp"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables_compat.h>

namespace xtbpf::anchor {

namespace {

struct PutEffect {
    nlmsghdr* message;
    Family family;
    Hook hook;
    const EffectParts& parts;

    // ipt_REJECT and ip6t_REJECT call the same nf_send_unreach, nf_send_reset (and their IPv6 likes) as
    // nft_reject_ipv4.c and nft_reject_ipv6.c do.
    void operator()(const ir::RejectEffect& reject) const {
        Expression expression(message, "reject");
        expression.number(NFTA_REJECT_TYPE, reject.tcp_reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH);
        if (!reject.tcp_reset) mnl_attr_put_u8(message, NFTA_REJECT_ICMP_CODE, reject.icmp_code);
    }

    // xt_LOG and nft_log both end in nf_log_packet with a loginfo of type NF_LOG_TYPE_LOG: the same line.
    void operator()(const ir::LogEffect& log) const {
        Expression expression(message, "log");
        mnl_attr_put_strz(message, NFTA_LOG_PREFIX, log.prefix.c_str());
        expression.number(NFTA_LOG_LEVEL, log.level);
        if (log.flags != 0) expression.number(NFTA_LOG_FLAGS, log.flags);
    }

    void operator()(const ir::KernelTarget& target) const {
        Expression expression(message, "target");
        mnl_attr_put_strz(message, NFTA_TARGET_NAME, target.name.c_str());
        expression.number(NFTA_TARGET_REV, target.revision);
        mnl_attr_put(message, NFTA_TARGET_INFO, target.info.size(), target.info.data());
    }

    void operator()(const ir::NatEffect& nat) const { put_nat(message, family, hook, nat); }
    void operator()(const ir::TosEffect& tos) const { put_tos(message, family, tos); }
    void operator()(const ir::TtlEffect& ttl) const { put_ttl(message, family, ttl, parts); }
    void operator()(const ir::TcpEcnEffect& ecn) const { put_tcp_ecn(message, ecn); }
    void operator()(const ir::TproxyEffect& tproxy) const { put_tproxy(message, family, tproxy); }
    void operator()(const ir::NotrackEffect&) const { const Expression expression(message, "notrack"); }
    void operator()(const ir::ZoneEffect& zone) const { put_zone(message, zone); }
    void operator()(const ir::SecurityMarkEffect& mark) const { put_security_mark(message, mark); }
    void operator()(const ir::TraceEffect&) const { put_trace(message); }
};

struct Described {
    const char *name, *modules;
};

struct Describe {
    Described operator()(const ir::RejectEffect&) const { return {"REJECT", "nft_reject_ipv4 or nft_reject_ipv6"}; }
    Described operator()(const ir::LogEffect&) const { return {"LOG", "nft_log and nf_log_syslog"}; }
    Described operator()(const ir::KernelTarget& target) const { return {target.name.c_str(), "its xt_ module"}; }
    Described operator()(const ir::NatEffect& nat) const {
        switch (nat.kind) {
        case ir::NatEffect::Kind::Source: return {"SNAT", "nft_nat"};
        case ir::NatEffect::Kind::Destination: return {"DNAT", "nft_nat"};
        case ir::NatEffect::Kind::Masquerade: return {"MASQUERADE", "nft_masq"};
        case ir::NatEffect::Kind::Redirect: return {"REDIRECT", "nft_redir"};
        case ir::NatEffect::Kind::Network: return {"NETMAP", "nft_nat"};
        }
        return {"", ""};
    }
    Described operator()(const ir::TosEffect&) const { return {"TOS", "nf_tables"}; }
    Described operator()(const ir::TtlEffect&) const { return {"TTL", "nf_tables"}; }
    Described operator()(const ir::TcpEcnEffect&) const { return {"ECN", "nf_tables"}; }
    Described operator()(const ir::TproxyEffect&) const { return {"TPROXY", "nft_tproxy"}; }
    Described operator()(const ir::NotrackEffect&) const { return {"NOTRACK", "nft_ct"}; }
    Described operator()(const ir::ZoneEffect&) const { return {"CT", "nft_ct"}; }
    Described operator()(const ir::SecurityMarkEffect&) const { return {"CONNSECMARK", "nft_ct"}; }
    Described operator()(const ir::TraceEffect&) const { return {"TRACE", "nf_tables"}; }
};

} // namespace

EffectParts prepare_effect(Batch& batch, const Place& place, const ir::Effect& effect) {
    if (const auto* ttl = std::get_if<ir::TtlEffect>(&effect)) return prepare_ttl(batch, place, *ttl);
    return {};
}

void put_effect(nlmsghdr* message, Family family, Hook hook, const ir::Effect& effect, const EffectParts& parts) {
    std::visit(PutEffect{message, family, hook, parts}, effect);
}

std::string describe(const ir::Effect& effect) { return std::visit(Describe{}, effect).name; }
std::string modules_of(const ir::Effect& effect) { return std::visit(Describe{}, effect).modules; }

} // namespace xtbpf::anchor

// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/registry.hpp"

#include <array>

namespace xtbpf {

namespace {

namespace x = extensions;

// Few enough that looking through them beats a hash; those used most come first.
constexpr std::array kMatches{
    &x::tcp_match,       &x::udp_match,       &x::comment_match,   &x::conntrack_match,  &x::multiport_match,
    &x::icmp_match,      &x::icmp6_match,     &x::addrtype_match,  &x::mark_match,       &x::limit_match,
    &x::state_match,     &x::connmark_match,  &x::dscp_match,      &x::hl_match,         &x::iprange_match,
    &x::length_match,    &x::mac_match,       &x::owner_match,     &x::pkttype_match,    &x::tos_match,
    &x::ttl_match,       &x::tcpmss_match,    &x::string_match,    &x::u32_match,        &x::bpf_match,
    &x::sctp_match,      &x::dccp_match,      &x::esp_match,       &x::ah_match,         &x::ah6_match,
    &x::ipcomp_match,    &x::ecn_match,       &x::frag_match,      &x::rt_match,         &x::hbh_match,
    &x::dst_match,       &x::mh_match,        &x::srh_match,       &x::ipv6header_match, &x::eui64_match,
    &x::set_match,       &x::recent_match,    &x::hashlimit_match, &x::statistic_match,  &x::physdev_match,
    &x::policy_match,    &x::connlimit_match, &x::socket_match,    &x::rpfilter_match,   &x::helper_match,
    &x::connbytes_match, &x::connlabel_match, &x::time_match,      &x::quota_match,      &x::cgroup_match,
    &x::cpu_match,       &x::devgroup_match,  &x::realm_match,     &x::cluster_match,    &x::osf_match,
    &x::nfacct_match,    &x::rateest_match,   &x::ipvs_match,
};

constexpr std::array kTargets{
    &x::reject_target, &x::log_target,         &x::mark_target,      &x::connmark_target,    &x::ct_target,
    &x::audit_target,  &x::classify_target,    &x::dscp_target,      &x::ecn_target,         &x::hl_target,
    &x::hmark_target,  &x::idletimer_target,   &x::led_target,       &x::notrack_target,     &x::rateest_target,
    &x::tcpmss_target, &x::tcpoptstrip_target, &x::tee_target,       &x::tos_target,         &x::tproxy_target,
    &x::ttl_target,    &x::checksum_target,    &x::trace_target,     &x::masquerade_target,  &x::dnat_target,
    &x::snat_target,   &x::redirect_target,    &x::set_target,       &x::nflog_target,       &x::nfqueue_target,
    &x::netmap_target, &x::synproxy_target,    &x::secmark_target,   &x::connsecmark_target, &x::snpt_target,
    &x::dnpt_target,   &x::ulog_target,        &x::clusterip_target,
};

template <typename Def> bool serves(const Def& def, Family family) {
    return family == Family::V4 ? def.ipv4 : def.ipv6;
}

template <typename Table>
auto find(const Table& table, std::string_view name, Family family) -> typename Table::value_type {
    for (const auto* def : table)
        if (def->name == name && serves(*def, family)) return def;
    return nullptr;
}

template <typename Table> auto find_structures(const Table& table, std::string_view name, Family family) {
    std::vector<typename Table::value_type> found;
    for (const auto* def : table) {
        if (def->structure == nullptr || !serves(*def, family)) continue;
        const StructureDef structure = def->structure(family);
        if ((structure.name.empty() ? def->name : structure.name) == name) found.push_back(def);
    }
    return found;
}

} // namespace

const MatchDef* find_match(std::string_view name, Family family) {
    // libxtables/xtables.c, xtables_find_match: the one alias that iptables knows of its own
    return find(kMatches, name == "icmpv6" || name == "ipv6-icmp" ? "icmp6" : name, family);
}

const TargetDef* find_target(std::string_view name, Family family) { return find(kTargets, name, family); }

std::vector<const MatchDef*> matches_of_kernel(std::string_view name, Family family) {
    return find_structures(kMatches, name, family);
}

std::vector<const TargetDef*> targets_of_kernel(std::string_view name, Family family) {
    return find_structures(kTargets, name, family);
}

const MatchDef* match_of_protocol(std::uint8_t protocol, Family family) {
    for (const MatchDef* def : kMatches)
        if (def->protocol == protocol && serves(*def, family)) return def;
    return nullptr;
}

} // namespace xtbpf

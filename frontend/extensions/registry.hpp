// SPDX-License-Identifier: GPL-2.0-or-later
// Every match and target there is, one file each in this folder; registry.cpp finds them by name.
#pragma once

#include "frontend/extension.hpp"

namespace xtbpf::extensions {

extern const MatchDef cgroup_match, cluster_match, connbytes_match, connlabel_match, connlimit_match, cpu_match,
    devgroup_match, hashlimit_match, helper_match, ipvs_match, nfacct_match, osf_match, physdev_match, policy_match,
    quota_match, rateest_match, realm_match, recent_match, rpfilter_match, set_match, socket_match, statistic_match,
    time_match;

extern const MatchDef addrtype_match, comment_match, connmark_match, conntrack_match, dscp_match, hl_match, icmp_match,
    icmp6_match, iprange_match, length_match, limit_match, mac_match, mark_match, multiport_match, owner_match,
    pkttype_match, state_match, tcp_match, tos_match, ttl_match, udp_match;

extern const MatchDef ah_match, ah6_match, bpf_match, dccp_match, dst_match, ecn_match, esp_match, eui64_match,
    frag_match, hbh_match, ipcomp_match, ipv6header_match, mh_match, rt_match, sctp_match, srh_match, string_match,
    tcpmss_match, u32_match;

extern const TargetDef audit_target, checksum_target, classify_target, connmark_target, ct_target, dscp_target,
    ecn_target, hl_target, hmark_target, idletimer_target, led_target, log_target, mark_target, notrack_target,
    rateest_target, reject_target, tcpmss_target, tcpoptstrip_target, tee_target, tos_target, tproxy_target,
    trace_target, ttl_target;
extern const TargetDef clusterip_target, connsecmark_target, dnat_target, dnpt_target, masquerade_target, netmap_target,
    nflog_target, nfqueue_target, redirect_target, secmark_target, set_target, snat_target, snpt_target,
    synproxy_target, ulog_target;

} // namespace xtbpf::extensions

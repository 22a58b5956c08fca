# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of the topology by family, for cases that run for both."""

FAMILIES = (4, 6)
SRC = {4: "10.10.0.5", 6: "fd00:10::5"}      # behind A
SRC2 = {4: "10.10.0.6", 6: "fd00:10::6"}
DST = {4: "10.20.0.5", 6: "fd00:20::5"}      # behind B
DST2 = {4: "10.20.0.6", 6: "fd00:20::6"}
ROUTER = {4: "10.1.0.1", 6: "fd00:1::1"}     # R's own address on eth0
ROUTER_B = {4: "10.2.0.1", 6: "fd00:2::1"}   # and on eth1
ROUTER_LO = {4: "10.9.9.9", 6: "fd00:9::9"}
STACK_A = {4: "10.1.0.2", 6: "fd00:1::2"}    # the kernel of A itself
STACK_B = {4: "10.2.0.2", 6: "fd00:2::2"}
FULL = {4: 32, 6: 128}
REJECT = {4: ("icmp-net-unreachable", "icmp-host-unreachable", "icmp-port-unreachable", "icmp-proto-unreachable",
              "icmp-net-prohibited", "icmp-host-prohibited", "icmp-admin-prohibited"),
          6: ("icmp6-no-route", "icmp6-adm-prohibited", "icmp6-addr-unreachable", "icmp6-port-unreachable",
              "icmp6-policy-fail", "icmp6-reject-route")}
ICMP_MATCH = {4: ("icmp", "icmp-type"), 6: ("icmpv6", "icmpv6-type")}


def packet(family, src, dst, l4, *, ttl=64, tos=0, **more):
    """An IPv4 or IPv6 packet by the same words."""
    from .frames import ip4, ip6
    if family == 4:
        return ip4(src, dst, l4, ttl=ttl, tos=tos, **more)
    return ip6(src, dst, l4, hop=ttl, tclass=tos, **more)

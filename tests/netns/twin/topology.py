# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of one side, the same to the bit on both:

    A --- eth0 [ R, under test ] eth1 --- B        C --- eth2 [ br0 of R ] eth3 --- D

R forwards. Behind A lie 10.10/16, fd00:10::/32 and the rest of the world, behind B 10.20/16 and fd00:20::/32: crafted
frames use those, so that the stacks of A and B, which don't forward, stay silent. Everything that sends by itself is off.
"""

import contextlib

from . import offload
from .namespace import Namespace
from .wire import Link

ENDS = {"A": (1, "eth0"), "B": (2, "eth1"), "C": (3, "eth2"), "D": (4, "eth3")}


def router_mac(end):
    return "02:00:00:00:04:01" if end in "CD" else f"02:00:00:00:{ENDS[end][0]:02x}:01"  # C and D see the bridge


def end_mac(end):
    return f"02:00:00:00:{ENDS[end][0]:02x}:02"


def router4(end):
    return f"10.{min(ENDS[end][0], 3)}.0.1"


def router6(end):
    return f"fd00:{min(ENDS[end][0], 3)}::1"


def _quiet(forwarding):
    settings = {
        # No limit on ICMP errors: each frame must have its answer.
        "ipv4/icmp_ratelimit": 0, "ipv4/icmp_ratemask": 0, "ipv6/icmp/ratelimit": 0, "ipv6/icmp/ratemask": "255",
        "ipv4/icmp_msgs_per_sec": 100000000, "ipv4/icmp_msgs_burst": 100000000,
        "ipv4/tcp_timestamps": 0, "ipv4/tcp_synack_retries": 0, "ipv4/tcp_invalid_ratelimit": 0, "ipv4/tcp_max_syn_backlog": 4096,
        "ipv4/tcp_challenge_ack_limit": 1000000000, "ipv4/tcp_no_metrics_save": 1,
        "ipv6/auto_flowlabels": 0, "ipv6/mld_qrv": 1, "ipv4/igmp_qrv": 1,
        # A half-assembled datagram that expires answers long after its case.
        "ipv4/ipfrag_time": 36000, "ipv6/ip6frag_time": 36000, "netfilter/nf_conntrack_frag6_timeout": 36000,
        "core/somaxconn": 4096,
    }
    for scope in ("default", "all"):
        settings |= {
            f"ipv4/conf/{scope}/rp_filter": 0, f"ipv4/conf/{scope}/send_redirects": 0, f"ipv4/conf/{scope}/accept_redirects": 0,
            f"ipv4/conf/{scope}/accept_source_route": 1, f"ipv4/conf/{scope}/forwarding": int(forwarding),
            f"ipv6/conf/{scope}/accept_dad": 0, f"ipv6/conf/{scope}/dad_transmits": 0, f"ipv6/conf/{scope}/accept_ra": 0,
            f"ipv6/conf/{scope}/autoconf": 0, f"ipv6/conf/{scope}/router_solicitations": 0, f"ipv6/conf/{scope}/accept_redirects": 0,
            f"ipv6/conf/{scope}/addr_gen_mode": 1, f"ipv6/conf/{scope}/forwarding": int(forwarding),
            f"ipv6/conf/{scope}/mldv2_unsolicited_report_interval": 1, f"ipv6/conf/{scope}/mldv1_unsolicited_report_interval": 1,
            f"ipv6/conf/{scope}/suppress_frag_ndisc": 0,
        }
    return settings


class Topology:
    """Namespaces R, A, B, C, D and the links between; `links[end]` injects and captures at that end."""

    def __init__(self):
        self.router = Namespace()
        self.spaces = {end: Namespace() for end in ENDS}
        self.router.sysctl(_quiet(forwarding=True))
        for space in self.spaces.values():
            space.sysctl(_quiet(forwarding=False))
        self._join()
        self._configure_router()
        self._add_vlan()
        for end in ENDS:
            self._configure_end(end)
        with self.router.entered():
            for _, device in ENDS.values():
                offload.switch(device, offload.TX_CHECKSUM, False)
        self.links = {end: Link(self.spaces[end], self.router, ENDS[end][1]) for end in ENDS}

    def close(self):
        for link in self.links.values():
            link.close()
        for space in [*self.spaces.values(), self.router]:
            space.close()

    def _join(self):
        lines = []
        for end, (number, device) in ENDS.items():
            lines.append(f"link add {device} index {number + 1} address 02:00:00:00:{number:02x}:01 type veth "
                         f"peer name eth0 index 2 address {end_mac(end)} netns {self.spaces[end].path}")
        lines += ["link set lo up",
                  f"link add br0 index 10 address {router_mac('C')} type bridge mcast_snooping 0 stp_state 0 forward_delay 0",
                  "link set eth2 master br0", "link set eth3 master br0"]
        lines += [f"link set {device} up" for device in ("eth0", "eth1", "eth2", "eth3", "br0")]
        self.router.ip(lines)

    def _configure_router(self):
        lines = ["address add 10.9.9.9/32 dev lo", "address add fd00:9::9/128 dev lo nodad",
                 "route add blackhole 10.50.0.0/16", "route add unreachable 10.51.0.0/16", "route add prohibit 10.52.0.0/16",
                 "route add blackhole fd00:50::/32", "route add unreachable fd00:51::/32", "route add prohibit fd00:52::/32"]
        for end, device in (("A", "eth0"), ("B", "eth1"), ("C", "br0")):
            number = ENDS[end][0]
            lines += [f"address add {router4(end)}/24 brd + dev {device}", f"address add {router6(end)}/64 dev {device} nodad",
                      f"neigh add 10.{number}.0.2 lladdr {end_mac(end)} dev {device} nud permanent",
                      f"neigh add fd00:{number}::2 lladdr {end_mac(end)} dev {device} nud permanent",
                      f"route add 10.{number}0.0.0/16 via 10.{number}.0.2", f"route add fd00:{number}0::/32 via fd00:{number}::2"]
            # On-link addresses that cases name: nobody must have to be asked for them.
            lines += [f"neigh add {address} lladdr {end_mac(end)} dev {device} nud permanent"
                      for address in (f"10.{number}.0.0", f"10.{number}.0.77", f"fd00:{number}::77")]
        lines += ["route add default via 10.1.0.2", "route add default via fd00:1::2"]
        self.router.ip(lines)

    def _add_vlan(self):
        """eth0.10 behind A, with 10.40/16 and fd00:40::/32. Kernels without 8021q (both sides alike) drop tagged frames."""
        with contextlib.suppress(RuntimeError):
            self.router.ip(["link add link eth0 name eth0.10 index 11 type vlan id 10", "link set eth0.10 up",
                            "address add 10.4.0.1/24 dev eth0.10", "address add fd00:4::1/64 dev eth0.10 nodad",
                            f"neigh add 10.4.0.2 lladdr {end_mac('A')} dev eth0.10 nud permanent",
                            f"neigh add fd00:4::2 lladdr {end_mac('A')} dev eth0.10 nud permanent",
                            "route add 10.40.0.0/16 via 10.4.0.2", "route add fd00:40::/32 via fd00:4::2"])

    def _configure_end(self, end):
        number = ENDS[end][0]
        net = min(number, 3)
        space = self.spaces[end]
        space.ip(["link set lo up", "link set eth0 up",
                  f"address add 10.{net}.0.{2 if number <= 3 else 3}/24 dev eth0",
                  f"address add fd00:{net}::{2 if number <= 3 else 3}/64 dev eth0 nodad",
                  f"neigh add {router4(end)} lladdr {router_mac(end)} dev eth0 nud permanent",
                  f"neigh add {router6(end)} lladdr {router_mac(end)} dev eth0 nud permanent",
                  f"route add default via {router4(end)}", f"route add default via {router6(end)}"])
        with space.entered():
            offload.switch("eth0", offload.TX_CHECKSUM, False)

# SPDX-License-Identifier: GPL-2.0-or-later
"""addrtype: what the routing tables say about an address."""

import ipaddress
import random

from twin.case import Case, filter_table, probes, table
from twin.frames import ip4, udp
from twin.places import DST, ROUTER, SRC, packet
from twin.steps import Datagram, Script, frame

_TARGETS = {4: ("10.20.0.5", "10.1.0.1", "10.2.0.1", "10.9.9.9", "10.1.0.255", "255.255.255.255", "224.0.0.1", "239.1.1.1", "10.50.0.1",
                "10.51.0.1", "10.52.0.1", "10.2.0.255"),
            6: ("fd00:20::5", "fd00:1::1", "fd00:2::1", "fd00:9::9", "ff02::1", "ff0e::1", "fd00:50::1", "fd00:51::1", "fd00:52::1",
                "fd00:1::")}
_SOURCES = {4: ("10.10.0.5", "10.20.0.5", "10.2.0.1", "10.50.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1"),
            6: ("fd00:10::5", "fd00:20::5", "fd00:2::1", "fd00:50::1", "::1", "::", "ff02::1")}
_TYPES = ("UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "UNSPEC",
          "LOCAL,BROADCAST,MULTICAST", "UNICAST,LOCAL")
_ONLY_IPV4 = ("BROADCAST", "BLACKHOLE", "PROHIBIT", "LOCAL,BROADCAST,MULTICAST")  # xt_addrtype's checkentry
_KINDS = ("unicast", "local", "broadcast", "blackhole", "unreachable", "prohibit", "throw", "multicast", "anycast")


def _routes(seed):
    """Nested IPv4 routes of all kinds below 10.64.0.0/12, in the local and in the main table; and addresses in and around them."""
    choose = random.Random(seed)
    routes, addresses = {}, []
    for _ in range(60):
        bits = choose.choice((13, 16, 20, 23, 24, 25, 28, 30, 31, 32))
        net = ipaddress.ip_network((int(ipaddress.ip_address("10.64.0.0")) + choose.choice((0, 77 << 10, 3 << 17)) + choose.getrandbits(10), bits),
                                   strict=False)
        kind = choose.choice(_KINDS)
        device = {"unicast": "via 10.2.0.2"}.get(kind, "" if kind in ("blackhole", "unreachable", "prohibit", "throw") else "dev lo")
        routes[net] = f"{kind} {net} {device} table {choose.choice(('local', 'main'))}"
        addresses += [net[0] - 1, net[0], net[-1], net[-1] + 1, net[choose.randrange(net.num_addresses)]]
    return list(routes.values()), sorted({str(address) for address in addresses})


def _in_tables(seed):
    routes, addresses = _routes(seed)
    rules = ["rule add to 10.99.0.0/16 table main"] if seed % 2 else []  # with a rule of one's own, local and main are no longer one trie

    def add(side):
        return side.router.ip([*rules, *(f"route add {route}" for route in routes)])

    def remove(side):
        return side.router.ip([*(f"route del {route}" for route in routes), *(rule.replace("add", "del") for rule in rules)])
    matches = [f"-A PREROUTING -m addrtype --dst-type {kind}" for kind in ("UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "THROW")]
    matches += ["-A PREROUTING -m addrtype ! --dst-type LOCAL -m ttl --ttl-eq 9", "-A PREROUTING -m addrtype --dst-type LOCAL -j DROP"]
    return Case(f"addrtype-tables-{seed}", {4: table("mangle", *matches)},
                [Script(f"routes {seed}", add), *(frame(ip4(SRC[4], each, udp(1, 2), ttl=9)) for each in addresses),
                 Script("no routes", remove)])


def cases():
    for seed in range(4):
        yield _in_tables(seed)
    for family in (4, 6):
        known = [kind for kind in _TYPES if family == 4 or kind not in _ONLY_IPV4]
        both = [f"-m addrtype {no}--{which}-type {kind}" for kind in known for no in ("", "! ") for which in ("src", "dst")]
        both += ["-m addrtype --src-type UNICAST --dst-type LOCAL", "-m addrtype --src-type UNICAST ! --dst-type LOCAL"]
        # A hand-in per rule: fewer at a time.
        for part in range(0, len(both), 8):
            few = both[part:part + 8]
            inward = [*few, *([f"-m addrtype --{which}-type LOCAL --limit-iface-in" for which in ("src", "dst")] if part == 0 else [])]
            onward = [*few, *([f"-m addrtype --{which}-type UNICAST --limit-iface-out" for which in ("src", "dst")] if part == 0 else [])]

            def steps(ttl, f=family):
                return [frame(packet(f, SRC[f], target, udp(1, 2), ttl=ttl), dst="ff:ff:ff:ff:ff:ff"
                              if target in ("10.1.0.255", "255.255.255.255") else None) for target in _TARGETS[f]] + [
                    frame(packet(f, source, target, udp(1, 2), ttl=ttl)) for source in _SOURCES[f] for target in (ROUTER[f], DST[f])]
            for chain, matches in (("INPUT", inward), ("FORWARD", onward)):
                yield from probes(f"addrtype{family}-{chain.lower()}-{part // 8}", family, chain, matches, steps)
        rules = [f"-A OUTPUT -m addrtype --{which}-type {kind}" for kind in ("LOCAL", "UNICAST", "MULTICAST") for which in ("src", "dst")]
        yield Case(f"addrtype{family}-output",
                   {family: filter_table(*rules, "-A OUTPUT -m addrtype ! --dst-type LOCAL -p udp --dport 9 -j DROP")},
                   [Datagram(family, host, port) for host in (DST[family], ROUTER[family], {4: "127.0.0.1", 6: "::1"}[family])
                    for port in (8, 9)])
    yield Case("addrtype-chain",
               {4: filter_table("-A INPUT -m addrtype --dst-type BROADCAST -j DROP", "-A INPUT -m addrtype --dst-type MULTICAST -j DROP",
                                                  "-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT", policies={"INPUT": "DROP"})},
               [frame(ip4(SRC[4], target, udp(1, 7000)), dst=mac) for target in _TARGETS[4] for mac in (None, "ff:ff:ff:ff:ff:ff")],
               listen=[(4, "udp", 7000)])

# SPDX-License-Identifier: GPL-2.0-or-later
"""The nat table: DNAT, REDIRECT, SNAT, MASQUERADE and NETMAP, there and back, at every hook that has them.

Every connection has a source port of its own and is answered from where it went only: where two clash, the kernel takes a
port at random."""

from twin.case import Case, table
from twin.frames import icmp, icmp6, tcp, udp
from twin.places import DST, DST2, FAMILIES, ROUTER, ROUTER_B, SRC, SRC2, packet
from twin.steps import Datagram, frame

_NEW = {4: "10.20.0.77", 6: "fd00:20::77"}       # what DNAT sends to
_NEXT = {4: "10.20.0.78", 6: "fd00:20::78"}
_LAST = {4: "10.20.0.79", 6: "fd00:20::79"}
_OUTSIDE = {4: "10.2.0.99", 6: "fd00:2::99"}     # what SNAT sends from
_NETS = {4: ("10.20.0.0/24", "10.20.7.0/24"), 6: ("fd00:20::/64", "fd00:20:0:7::/64")}
_SOURCE_NETS = {4: ("10.10.0.0/24", "10.2.8.0/24"), 6: ("fd00:10::/64", "fd00:2:0:8::/64")}
_CONNECTIONS = [(source, target, port) for source in (SRC, SRC2) for target in (DST, DST2, ROUTER) for port in (53, 80, 81, 7000)]


def _ports(family, address, ports):
    return f"{address}:{ports}" if family == 4 else f"[{address}]:{ports}"


def _there(family):
    """First packets and later ones of all connections, to B and to R."""
    for number, (source, target, port) in enumerate(_CONNECTIONS):
        ends = source[family], target[family]
        yield frame(packet(family, *ends, udp(1000 + number, port)))
        yield frame(packet(family, *ends, udp(1000 + number, port, b"again")))
        yield frame(packet(family, *ends, tcp(2000 + number, port, "S")))
        if port == 53:
            rest = bytes((0, number, 0, 1))
            yield frame(packet(family, *ends, icmp(8, 0, rest) if family == 4 else icmp6(128, 0, rest)))


def _back(family, went, to=None):
    """Answers from B. `went(protocol, target, port)`: the addresses and the port a connection may have gone to; `to`: where it
    seemed to come from."""
    for number, (source, target, port) in enumerate(_CONNECTIONS):
        if target == ROUTER:
            continue
        for proto in ("udp", "tcp"):
            addresses, sport = went(proto, target, port)
            for address in addresses:
                l4 = udp(sport, 1000 + number) if proto == "udp" else tcp(sport, 2000 + number, "SA", seq=500, ack=1001)
                yield frame(packet(family, address, to or source[family], l4), "B")


def _destination(family):
    new, last, far = _NEW[family], _LAST[family], (_NEW[family], _NEXT[family], _LAST[family])
    mapped = {4: {DST[4]: "10.20.7.5", DST2[4]: "10.20.7.6"}, 6: {DST[6]: "fd00:20:0:7::5", DST2[6]: "fd00:20:0:7::6"}}[family]
    rules = {
        "address": ([f"-A PREROUTING -p udp --dport 53 -j DNAT --to-destination {new}", f"-A PREROUTING -d {DST2[family]} -j DNAT --to-destination {new}"],
                    lambda proto, target, port: ([new if proto == "udp" and port == 53 or target == DST2 else target[family]], port)),
        "range": ([f"-A PREROUTING -j DNAT --to-destination {new}-{last}"], lambda proto, target, port: (far, port)),
        "persistent": ([f"-A PREROUTING -j DNAT --to-destination {new}-{last} --persistent"], lambda proto, target, port: (far, port)),
        "port": ([f"-A PREROUTING -p udp --dport 53 -j DNAT --to-destination {_ports(family, new, 8080)}",
                  "-A PREROUTING -p udp --dport 80 -j DNAT --to-destination :81",
                  f"-A PREROUTING -p tcp --dport 80:81 -j DNAT --to-destination {_ports(family, new, '8080-8081')}"],
                 lambda proto, target, port: ([new], 8080) if (proto, port) == ("udp", 53) else ([target[family]], 81) if (proto, port) == ("udp", 80)
                 else ([new], 8080) if proto == "tcp" and port in (80, 81) else ([target[family]], port)),
        "base": ([f"-A PREROUTING -p udp -j DNAT --to-destination {_ports(family, new, '8000-8009/78')}", "-A PREROUTING -p udp"],
                 lambda proto, target, port: ([new], 8000 + (port - 78) % 65536 % 10) if proto == "udp" else ([target[family]], port)),
        "to-router": ([f"-A PREROUTING -p udp -d {DST[family]} --dport 80 -j DNAT --to-destination {_ports(family, ROUTER[family], 7000)}"],
                      lambda proto, target, port: ([], 0)),
        "redirect": (["-A PREROUTING -p udp --dport 80 -j REDIRECT --to-ports 7000", "-A PREROUTING -p tcp --dport 80:81 -j REDIRECT --to-ports 7000",
                      "-A PREROUTING -p udp --dport 7000 -j REDIRECT"], lambda proto, target, port: ([], 0)),
        "netmap": ([f"-A PREROUTING -d {_NETS[family][0]} -j NETMAP --to {_NETS[family][1]}"],
                   lambda proto, target, port: ([mapped[target[family]]], port)),
        "order": (["-A PREROUTING -p tcp -j web", "-A PREROUTING -p udp -g names", f"-A PREROUTING -j DNAT --to-destination {last}",
                   "-A web -p tcp --dport 81 -j RETURN", f"-A web -p tcp --dport 80 -j DNAT --to-destination {_ports(family, new, 8080)}",
                   "-A web -j ACCEPT", "-A names -p udp --dport 53 -j RETURN", f"-A names -p udp --dport 80 -j DNAT --to-destination {new}", "-A names"],
                  lambda proto, target, port: ([], 0)),
        "logged": (["-A PREROUTING -p udp -j LOG --log-prefix nat", f"-A PREROUTING -p udp -j DNAT --to-destination {new}"],
                   lambda proto, target, port: ([new if proto == "udp" else target[family]], port)),
    }
    for name, (lines, went) in rules.items():
        counts = ["-A PREROUTING -p udp", "-A PREROUTING -p tcp", "-A POSTROUTING -p udp", "-A INPUT -p udp"]
        yield Case(f"dnat{family}-{name}", {family: table("nat", *lines, *counts, chains=["web", "names"])},
                   [*_there(family), *_back(family, went)], listen=[(family, "udp", 7000), (family, "tcp", 7000)])


def _source(family):
    outside = _OUTSIDE[family]
    rules = {
        "address": ([f"-A POSTROUTING -o eth1 -j SNAT --to-source {outside}"], outside),
        "port": ([f"-A POSTROUTING -p udp --dport 53 -j SNAT --to-source {_ports(family, outside, 3053)}",
                  f"-A POSTROUTING -p tcp --dport 80 -j SNAT --to-source {outside}"], None),
        "masquerade": (["-A POSTROUTING -o eth1 -j MASQUERADE"], ROUTER_B[family]),
        "masquerade-port": (["-A POSTROUTING -o eth1 -p udp --dport 53 -j MASQUERADE --to-ports 3053",
                             f"-A POSTROUTING -s {SRC2[family]} -j MASQUERADE"], None),
        "netmap": ([f"-A POSTROUTING -s {_SOURCE_NETS[family][0]} -j NETMAP --to {_SOURCE_NETS[family][1]}"],
                   {4: "10.2.8.5", 6: "fd00:2:0:8::5"}[family]),
        "input": ([f"-A INPUT -p udp -j SNAT --to-source {SRC2[family]}"], None),
        "not": ([f"-A POSTROUTING -d {DST[family]} -j ACCEPT", "-A POSTROUTING -p udp -j RETURN", f"-A POSTROUTING -j SNAT --to-source {outside}"], None),
    }
    for name, (lines, to) in rules.items():
        back = _back(family, lambda proto, target, port: ([target[family]], port), to) if to else []
        yield Case(f"snat{family}-{name}", {family: table("nat", *lines, "-A POSTROUTING -p udp", "-A POSTROUTING -p tcp", "-A INPUT -p udp")},
                   [*_there(family), *back], listen=[(family, "udp", 7000)])


def _local(family):
    new = _NEW[family]
    rules = ["-A OUTPUT -p udp --dport 5 -j REDIRECT --to-ports 7000", f"-A OUTPUT -p udp --dport 6 -j DNAT --to-destination {_ports(family, new, 66)}",
             f"-A OUTPUT -d {_NETS[family][0]} -p udp --dport 7 -j NETMAP --to {_NETS[family][1]}", "-A OUTPUT -p udp --dport 8 -j ACCEPT", "-A OUTPUT",
             f"-A POSTROUTING -p udp --dport 8 -j SNAT --to-source {_OUTSIDE[family]}", "-A POSTROUTING -p udp --sport 4001 -j MASQUERADE", "-A POSTROUTING"]
    yield Case(f"nat{family}-local", {family: table("nat", *rules)},
               [Datagram(family, DST[family], port, sport=sport) for port in range(4, 10) for sport in (4000, 4001)]
               + [frame(packet(family, new, ROUTER_B[family], udp(66, 4000)), "B")], listen=[(family, "udp", 7000)])


def _both_ways(family):
    nat = table("nat", f"-A PREROUTING -i eth0 -p udp -j DNAT --to-destination {_NEW[family]}", "-A POSTROUTING -o eth1 -p udp -j MASQUERADE")
    state = table("filter", "-A FORWARD -m conntrack --ctstate DNAT", "-A FORWARD -m conntrack --ctstate SNAT", f"-A FORWARD -d {_NEW[family]}",
                  f"-A FORWARD -s {_NEW[family]}", "-A FORWARD -p udp --dport 81 -j DROP")
    yield Case(f"nat{family}-both", {family: nat + state},
               [*_there(family), *_back(family, lambda proto, target, port: ([_NEW[family]] if proto == "udp" else [], port), ROUTER_B[family])])


def _prefixes():
    """SNPT and DNPT keep no state: only later tables see their work (docs/LIMITS.md)."""
    for name, (inside, outside) in {"64": ("fd00:10::/64", "fd00:2:0:8::/64"), "48": ("fd00:10::/48", "fd00:2:8::/48"),
                                    "56": ("fd00:10:0:100::/56", "fd00:2::/64")}.items():
        out, back = f"-j SNPT --src-pfx {inside} --dst-pfx {outside}", f"-j DNPT --src-pfx {outside} --dst-pfx {inside}"
        text = table("mangle", "-A PREROUTING -p tcp --dport 81 -j DROP", f"-A PREROUTING -i eth1 -d {outside} {back}", "-A PREROUTING",
                     f"-A POSTROUTING -o eth1 -s {inside} {out}", "-A POSTROUTING -p udp --dport 80 -j DROP", "-A POSTROUTING")
        later = table("filter", f"-A FORWARD -d {inside}", f"-A FORWARD -d {outside}")
        there = [frame(packet(6, f"fd00:10:0:{net}::{host}", DST[6], udp(1000, port))) for net in ("0", "100", "1ff") for host in ("5", "ffff", "1:2:3")
                 for port in (53, 80)]
        back = [frame(packet(6, DST[6], f"fd00:2:{net}::{host}", l4), "B") for net in ("0:8", "8", "0:0") for host in ("5", "fffe", "1:2:3")
                for l4 in (udp(53, 1000), tcp(80, 1000), tcp(80, 81))]
        yield Case(f"npt-{name}", {6: text + later}, [*there, *back, *_there(6)])


def cases():
    for family in FAMILIES:
        for make in (_destination, _source, _local, _both_ways):
            yield from make(family)
    yield from _prefixes()

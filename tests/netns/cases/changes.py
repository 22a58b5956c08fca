# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine changes under the rules: addresses, routes, sysctls, names, devices that come after the rules."""

import socket

from twin.case import Case, filter_table, table
from twin.frames import ethernet, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Command, Script, frame


def _ip(*lines):
    return Script("ip " + "; ".join(lines), lambda side: side.router.ip(lines))


def _sysctl(name, value):
    return Script(f"sysctl {name}={value}", lambda side: side.router.sysctl({name: value}))


def _plug(family):
    """A new device x0 in R, its other end x1 in A, which sends one packet to R and one through it."""
    def body(side):
        side.router.ip([f"link add x0 address 02:00:00:00:09:01 type veth peer name x1 netns {side.spaces['A'].path}", "link set x0 up"])
        side.spaces["A"].ip(["link set x1 up"])
        with side.spaces["A"].entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind(("x1", 0))
            for target in (ROUTER[family], DST[family]):
                for port in (1, 2, 3):
                    sock.send(ethernet(packet(family, SRC[family], target, udp(1, port)), dst="02:00:00:00:09:01"))
        side.settle("AB")
        side.router.ip(["link delete x0"])
    return Script("device x0 comes, sends and goes", body)


def cases():
    for family in FAMILIES:
        full = {4: "32", 6: "128"}[family]
        there = {4: "10.20.0.5", 6: "fd00:20::5"}[family]
        some = [frame(packet(family, SRC[family], target[family], make(1000, port))) for target in (DST, ROUTER) for make in (udp, tcp)
                for port in (1, 2, 3)]
        drops = ["-A INPUT -p udp --dport 1 -j DROP", "-A FORWARD -p udp --dport 2 -j DROP", "-A INPUT -p tcp", "-A FORWARD -p tcp"]
        nodad = " nodad" if family == 6 else ""
        yield Case(f"address-comes{family}", {family: filter_table(*drops)},
                   [*some, _ip(f"address add {there}/{full} dev lo{nodad}"), *some, _ip(f"address delete {there}/{full} dev lo"), *some])
        yield Case(f"route-changes{family}",
                   {family: filter_table("-A FORWARD -o eth1 -j DROP", "-A FORWARD -o eth0",
                                         "-A FORWARD -o eth0 -p udp --dport 3 -j DROP")},
                   [*some, _ip(f"route add {there}/{full} via {'10.1.0.2' if family == 4 else 'fd00:1::2'}"), *some,
                    _ip(f"route delete {there}/{full}"), *some,
                    _ip(f"route add blackhole {there}/{full}"), *some, _ip(f"route delete blackhole {there}/{full}"), *some])
        if family == 4:  # IPv6 joins groups then, and reports them whenever it likes
            yield Case("forwarding-stops4", {4: filter_table("-A FORWARD -p udp -j DROP", "-A INPUT -p udp -j DROP", "-A FORWARD")},
                       [*some, _sysctl("ipv4/conf/all/forwarding", 0), *some, _sysctl("ipv4/conf/all/forwarding", 1), *some])
        yield Case(f"renamed{family}",
                   {family: filter_table("-A FORWARD -i eth0 -p udp -j DROP", "-A FORWARD -i wan0",
                                         "-A FORWARD -i wan+ -p tcp --dport 1 -j DROP", "-A INPUT -i eth0 -j DROP")
                                        + table("raw", "-A PREROUTING -i eth0 -p tcp --dport 3 -j DROP",
                                                "-A PREROUTING -i wan0 -p tcp --dport 2 -j DROP")},
                   [*some, _ip("link set dev eth0 name wan0"), *some, _ip("link set dev wan0 name eth0"), *some])
        yield Case(f"plugged-in{family}",
                   {family: filter_table("-A INPUT -i x0 -p udp --dport 1 -j DROP", "-A FORWARD -i x+ -p udp --dport 2 -j DROP",
                                         "-A INPUT ! -i eth0", "-A FORWARD")
                                           + table("raw", "-A PREROUTING -i x0 -p udp --dport 3 -j DROP", "-A PREROUTING -i x0")},
                   [*some, _plug(family), *some, _plug(family)], edited=True)  # R reports the groups that x0 joins
        big = [frame(packet(family, SRC[family], target[family], udp(1000, port, b"j" * size))) for target in (DST, ROUTER)
               for port in (1, 2, 3) for size in (100, 3400, 8900)]
        yield Case(f"jumbo{family}", {family: filter_table(*drops)}, [
            *some, *_mtu(9000), Command(family, "-A INPUT -p udp --dport 3 -j DROP"), *big, *_mtu(1500),
                                                                      Command(family, "-D INPUT -p udp --dport 3 -j DROP"), *some], edited=True)


def _mtu(size):
    for place in ("A", "R"):
        yield Script(f"MTU {size} in {place}", lambda side, place=place: (side.router
            if place == "R" else side.spaces[place]).ip([f"link set eth0 mtu {size}"]))

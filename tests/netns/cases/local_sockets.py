# SPDX-License-Identifier: GPL-2.0-or-later
"""What R sends itself: owner, marks, EPERM from OUTPUT, the loopback device, crafted packets from a raw socket."""

from twin.case import Case, filter_table, table
from twin.frames import icmp, icmp6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, ROUTER_LO, SRC, packet
from twin.steps import Datagram, RawPacket, frame


def cases():
    for family in FAMILIES:
        owners = ["--uid-owner 0", "--uid-owner 1000", "--uid-owner 1000-1999", "--uid-owner 0-4294967294", "--gid-owner 0",
                  "--gid-owner 100", "--gid-owner 50-100", "--socket-exists",
                  "--uid-owner 1000 --gid-owner 100"]
        inverted = ["! " + text for text in owners[:8]] + ["--uid-owner 1000 ! --gid-owner 100", "! --uid-owner 1000 ! --gid-owner 100"]
        people = [(0, 0), (1000, 0), (1000, 100), (999, 99), (1999, 50), (2000, 101), (65534, 65534)]
        sends = [Datagram(family, host[family], port, uid=uid, gid=gid) for host in (DST, ROUTER) for uid, gid in people
                 for port in (7000, 7001)]
        replies = [frame(packet(family, SRC[family], ROUTER[family], (icmp if family == 4 else icmp6)(8 if family == 4 else 128))),
                   frame(packet(family, SRC[family], ROUTER[family], tcp(5, 99)))]
        raws = [RawPacket(packet(family, ROUTER[family], DST[family], udp(1, 7000)))]
        yield Case(f"owner{family}-count", {family: filter_table(*(f"-A OUTPUT -m owner {text}" for text in owners + inverted))}, sends
                   + replies + raws)
        yield Case(f"owner{family}-drop", {family: filter_table("-A OUTPUT -p udp --dport 7001 -m owner --uid-owner 1000-1999 -j DROP",
                                                                "-A OUTPUT -m owner ! --uid-owner 0-65533 -j REJECT",
                                                                "-A OUTPUT -p udp --dport 7001 -m owner --gid-owner 99 -j DROP",
                                                                "-A OUTPUT -m owner ! --socket-exists -j DROP")},
                   sends + replies + raws)
        yield Case(f"owner{family}-postrouting",
                   {family: table("mangle", *(f"-A POSTROUTING -m owner {text}" for text in owners + inverted))}, sends + replies + [
            frame(packet(family, SRC[family], DST[family], udp(1, 2)))])

        marks = ["--mark 0", "--mark 1", "! --mark 1", "--mark 0x10/0xf0", "! --mark 0x10/0xf0", "--mark 0xffffffff", "--mark 0/0x1"]
        yield Case(f"mark{family}",
                   {family: filter_table(*(f"-A OUTPUT -m mark {text}" for text in marks),
                                         "-A OUTPUT -m mark --mark 0x80000000/0x80000000 -j DROP", *(
            f"-A INPUT -m mark {text}" for text in marks), *(f"-A FORWARD -m mark {text}" for text in marks))},
                   [Datagram(family, host[family], 7000, mark=mark) for host in (DST, ROUTER)
                    for mark in (0, 1, 0x10, 0x11, 0xF0, 0x80000000, 0xFFFFFFFF)]
                   + [frame(packet(family, SRC[family], DST[family], udp(1, 2)))], listen=[(family, "udp", 7000)])

        loop = {4: ("127.0.0.1", "127.1.2.3", "10.1.0.1", "10.9.9.9"), 6: ("::1", "fd00:1::1", "fd00:9::9")}[family]
        rules = ["-A OUTPUT -o lo", "-A INPUT -i lo", "-A INPUT -i lo -p udp --dport 7001 -j DROP",
                 "-A OUTPUT -o lo -p udp --dport 7002 -j DROP", "-A INPUT ! -i lo -j DROP",
                 "-A INPUT -p udp --dport 7003 -j REJECT", f"-A INPUT -s {loop[0]} -d {loop[0]}"]
        yield Case(f"loopback{family}", {family: filter_table(*rules)}, [Datagram(family, host, port) for host in loop
            for port in (7000, 7001, 7002, 7003, 7004)],
                   listen=[(family, "udp", 7000), (family, "udp", 7001), (family, "udp", 7003)])
        yield Case(f"loopback{family}-state",
                   {family: filter_table("-A INPUT -i lo -m conntrack --ctstate NEW", "-A INPUT -i lo -m conntrack --ctstate ESTABLISHED",
                                                                    "-A INPUT -i lo -m conntrack --ctstate RELATED",
                                         "-A OUTPUT -m conntrack --ctstate NEW", "-A OUTPUT -m conntrack --ctstate RELATED")},
                   [Datagram(family, host, port) for host in loop for port in (7000, 7004, 7004)], listen=[(family, "udp", 7000)])

        rules = ["-A OUTPUT -p tcp --dport 80", "-A OUTPUT -p tcp --dport 80 --syn -j DROP", "-A OUTPUT -p udp -m length --length 0:40",
                 "-A OUTPUT -p udp --dport 53 -j REJECT", "-A OUTPUT -o eth0 -j DROP",
                 "-A OUTPUT -s 10.1.0.1 -j ACCEPT" if family == 4 else "-A OUTPUT -s fd00:1::1 -j ACCEPT"]
        raws = [RawPacket(packet(family, source[family], host[family], l4)) for source in (ROUTER, SRC) for host in (DST, SRC, ROUTER_LO)
                for l4 in (tcp(1, 80), tcp(1, 80, "A"), udp(1, 53), udp(1, 54), udp(1, 54, b""), udp(1, 54, b"x" * 900))]
        raws += [RawPacket(packet(family, ROUTER[family], DST[family], l4, cut=size)) for l4 in (tcp(1, 80), udp(1, 53))
                 for size in (0, 1, 4, 8, 12, 19)]
        yield Case(f"raw-output{family}", {family: filter_table(*rules)}, raws)

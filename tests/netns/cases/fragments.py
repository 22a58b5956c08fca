# SPDX-License-Identifier: GPL-2.0-or-later
"""Fragments: -f, ports that aren't there, first fragments shorter than their header, offset 1 (a hotdrop for tcp), and
reassembly once conntrack is on."""

from twin import ext6
from twin.case import Case, filter_table, probes, table
from twin.frames import fragments4, icmp, icmp6, ip4, ip6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import frame

_L4 = ["-p tcp", "-p tcp --dport 80", "-p tcp ! --dport 80", "-p tcp --sport 0:65535 --dport 80", "-p tcp --syn", "-p tcp ! --syn",
       "-p tcp --tcp-flags ALL NONE",
       "-p tcp --tcp-option 2", "-p tcp ! --tcp-option 2", "-p udp", "-p udp --dport 53", "-p udp ! --dport 53",
       "-p udp -m multiport --dports 53,54",
       "-p udp -m multiport ! --dports 53,54", "! -p udp", "-p tcp -m multiport ! --ports 1,2"]


def _v4(ttl, target=DST[4]):
    whole = [ip4(SRC[4], target, l4, ttl=ttl, ident=900 + index) for index, l4 in enumerate((
        tcp(4000, 80, "S", b"d" * 40), udp(4000, 53, b"d" * 40), icmp(8, data=b"d" * 40),
            tcp(4000, 80, "A", b"d" * 40, options=b"\2\4\5\xb4"), tcp(80, 80, 0, b"d" * 40)))]
    packets = [piece for packet_ in whole for sizes in ((24,), (8,), (8, 8), (16, 16)) for piece in fragments4(packet_, *sizes)]
    packets += [ip4(SRC[4], target, tcp(4000, 80), ttl=ttl, offset=8), ip4(SRC[4], target, tcp(4000, 80), ttl=ttl, offset=16, flags=1),
                ip4(SRC[4], target, udp(4000, 53), ttl=ttl, offset=8), ip4(SRC[4], target, udp(4000, 53), ttl=ttl, flags=1),
                ip4(SRC[4], target, udp(4000, 53), ttl=ttl, flags=2), ip4(SRC[4], target, udp(4000, 53), ttl=ttl, flags=4),
                ip4(SRC[4], target, udp(4000, 53), ttl=ttl, offset=65528), ip4(SRC[4], target, icmp(8), ttl=ttl, offset=8)]
    return [frame(packet_) for packet_ in packets]


def _v6(ttl, target=DST[6]):
    whole = [ip6(SRC[6], target, l4, hop=ttl)
             for l4 in (tcp(4000, 80, "S", b"d" * 40), udp(4000, 53, b"d" * 40), icmp6(128, data=b"d" * 40),
                                                         tcp(4000, 80, "A", b"d" * 40, options=b"\2\4\5\xb4"))]
    packets = [piece for number, packet_ in enumerate(whole) for sizes in ((24,), (8,), (8, 8), (16, 16))
               for piece in ext6.fragments(packet_, 900 + number, *sizes)]
    destination = ip6(SRC[6], target, udp(4000, 53, b"d" * 40), hop=ttl, ext=[ext6.options()])
    packets += [piece for sizes in ((8,), (16,), (24,)) for piece in ext6.fragments(destination, 950, *sizes)]
    packets += [ip6(SRC[6], target, tcp(4000, 80), hop=ttl, ext=[ext6.fragment(offset, more)]) for offset in (0, 8, 16)
                for more in (False, True)]
    packets += [ip6(SRC[6], target, udp(4000, 53), hop=ttl, ext=[ext6.fragment(8), ext6.options()])]
    return [frame(packet_) for packet_ in packets]


def cases():
    yield from probes("fragments4", 4, "FORWARD", ["-f", "! -f", "-f -p tcp", "! -f -p udp --dport 53", *_L4, "-p icmp --icmp-type 8",
                                                   "-p icmp ! --icmp-type 8",
                                                   "-p icmp --icmp-type any"], _v4)
    yield from probes("fragments6", 6, "FORWARD", [*_L4, "-p ipv6-icmp --icmpv6-type 128", "-p ipv6-icmp ! --icmpv6-type 128"], _v6)
    for family in FAMILIES:  # to R itself: INPUT sees whole datagrams, reassembled after PREROUTING
        made = {4: _v4, 6: _v6}[family]
        into = made(64, ROUTER[family])
        rules = [f"-A INPUT {match}" for match in _L4 + (["-f"] if family == 4 else [])]
        yield Case(f"fragments{family}-input", {family: filter_table(*rules, "-A INPUT -p udp --dport 53 -j DROP") + table("raw", *(
            rule.replace("INPUT", "PREROUTING") for rule in rules))}, into)
        # With conntrack on, rules see whole datagrams before -400 is past; what never completes is seen by none.
        rules = ["-A FORWARD -m conntrack --ctstate NEW", "-A FORWARD -p udp --dport 53 -m length --length 100:",
                 "-A FORWARD -p tcp --dport 80 -j DROP",
                 "-A INPUT -p udp --dport 7000 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"] + (["-A FORWARD -f", "-A INPUT -f"]
                     if family == 4 else [])
        steps = []
        for number, (l4, target) in enumerate(((udp(4000, 53, b"d" * 200), DST), (tcp(4000, 80, "S", b"d" * 200), DST),
                                               (udp(4000, 7000, b"d" * 200), ROUTER))):
            whole = packet(family, SRC[family], target[family], l4, **({"ident": 700 + number} if family == 4 else {}))
            pieces = fragments4(whole, 64, 64) if family == 4 else ext6.fragments(whole, 700 + number, 64, 64)
            steps += [frame(piece) for piece in pieces]
            if family == 4:
                again = [piece[:4] + (800 + number).to_bytes(2, "big") + piece[6:10] + b"\0\0" + piece[12:] for piece in pieces]
                steps += [frame(piece) for piece in again]  # wrong header checksum: dropped by the stack
        yield Case(f"reassembly{family}", {family: filter_table(*rules)}, steps, listen=[(family, "udp", 7000)])

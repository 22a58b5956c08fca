# SPDX-License-Identifier: GPL-2.0-or-later
"""REJECT of every kind at every hook, what it doesn't answer, LOG beside it."""

from twin import ext6
from twin.case import Case, filter_table
from twin.frames import icmp, icmp6, ip4, ip6, raw, tcp, udp
from twin.places import DST, FAMILIES, REJECT, ROUTER, SRC, packet
from twin.steps import Datagram, RawPacket, frame


def _packets(family, target, port):
    echo = icmp(8) if family == 4 else icmp6(128)
    parts = [udp(4000, port), tcp(4000, port), tcp(4000, port, "A", seq=7, ack=9), tcp(4000, port, "SA", b"data"), tcp(4000, port, "R"),
             tcp(4000, port, "F"), echo,
             udp(4000, port, b"x" * 1400), raw(132, port.to_bytes(2, "big") * 6)]
    packets = [packet(family, SRC[family], target, part) for part in parts]
    packets += [packet(family, SRC[family], target, udp(4000, port), bad=True), packet(family, SRC[family], target, tcp(4000, port),
        bad=True),
                packet(family, SRC[family], target, tcp(4000, port), cut=16 if family == 4 else 16)]
    if family == 4:
        packets += [ip4(SRC[4], target, udp(4000, port), offset=64), ip4(SRC[4], target, udp(4000, port), flags=1),
                    ip4(SRC[4], target, icmp(3, 3, data=ip4(DST[4], SRC[4], udp(1, 2)))),
                    ip4(SRC[4], target, udp(4000, port), options=b"\1\1\1\1"), ip4("10.1.0.255", target, udp(1, port)),
                    ip4("255.255.255.255", target, udp(1, port)),
                    ip4("224.0.0.1", target, udp(1, port)), ip4(SRC[4], target, icmp(0)),
                    ip4(SRC[4], target, icmp(11, 0, data=ip4(DST[4], SRC[4], udp(1, 2))))]
    else:
        packets += [ip6(SRC[6], target, udp(4000, port), ext=[ext6.options()]), ip6(SRC[6], target, tcp(4000, port), ext=[ext6.fragment()]),
                    ip6(SRC[6], target, icmp6(1, 4, data=ip6(DST[6], SRC[6], udp(1, 2)))), ip6("ff02::1", target, udp(1, port)),
                    ip6(SRC[6], target, tcp(4000, port), ext=[ext6.options()])]
    return packets


def cases():
    for family in FAMILIES:
        reset = "icmp-port-unreachable" if family == 4 else "icmp6-port-unreachable"
        for chain, target, watched in (("INPUT", ROUTER, "AB"), ("FORWARD", DST, "AB")):
            for kind in REJECT[family]:
                rules = [f"-A {chain} -j REJECT --reject-with {kind}", f"-A OUTPUT -p {'icmp' if family == 4 else 'ipv6-icmp'}"]
                yield Case(f"reject{family}-{chain.lower()}-{kind}", {family: filter_table(*rules)},
                           [frame(p) for p in _packets(family, target[family], 80)], ends=watched)
            yield Case(f"reject{family}-{chain.lower()}-tcp-reset",
                       {family: filter_table(f"-A {chain} -p tcp -j REJECT --reject-with tcp-reset", f"-A {chain} -j REJECT",
                                             "-A OUTPUT -p tcp --tcp-flags RST RST")},
                       [frame(p) for p in _packets(family, target[family], 80)])
        local = [Datagram(family, DST[family], port)
                 for port in (53, 54, 55)] + [RawPacket(packet(family, ROUTER[family], DST[family], tcp(1, 53)))]
        yield Case(f"reject{family}-output",
                   {family: filter_table("-A OUTPUT -p udp --dport 53 -j REJECT",
                                         f"-A OUTPUT -p udp --dport 54 -j REJECT --reject-with {REJECT[family][0]}",
                                                                   "-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset")}, local)
        # Conditions before it, LOG before it, chains around it; a rule behind it isn't reached.
        rules = ["-A FORWARD -p tcp -j LOG --log-prefix \"tcp: \"", "-A FORWARD -p tcp --dport 80 -j refuse", "-A FORWARD -p udp -g refuse",
                 "-A FORWARD -j LOG --log-level 7 --log-ip-options",
                 "-A refuse -p tcp --syn -j REJECT --reject-with tcp-reset", "-A refuse -j LOG",
                 f"-A refuse -j REJECT --reject-with {REJECT[family][1]}", f"-A refuse -j REJECT --reject-with {reset}"]
        yield Case(f"reject{family}-chains", {family: filter_table(*rules, chains=["refuse"])}, [frame(p) for port in (80, 81)
            for p in _packets(family, DST[family], port)])
        logs = [f"-A {chain} -p {proto} -j LOG{more}" for chain in ("INPUT", "FORWARD", "OUTPUT") for proto, more in
                (("tcp", ""), ("udp", " --log-prefix \"a b\" --log-level debug"),
                 ("all", " --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid"))]
        yield Case(f"log{family}", {family: filter_table(*logs, "-A FORWARD -p udp -j DROP", policies={"INPUT": "DROP"})},
                   [frame(p) for target in (ROUTER, DST) for p in _packets(family, target[family], 80)]
                   + [Datagram(family, DST[family], 9)])

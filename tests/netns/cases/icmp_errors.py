# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors: RELATED to a connection that exists, INVALID otherwise, whatever they quote."""

from twin import ext6
from twin.case import Case, filter_table
from twin.frames import icmp, icmp6, ip4, ip6, tcp, udp
from twin.places import DST, DST2, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame

_STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED")
_KINDS = {4: ((3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0), (11, 1), (12, 0), (4, 0), (5, 0)),
          6: ((1, 0), (1, 4), (2, 0), (3, 0), (4, 1), (137, 0))}


def _error(family, kind, code, src, dst, quoted, **more):
    make = icmp if family == 4 else icmp6
    return packet(family, src, dst, make(kind, code, rest=b"\0\0\5\0" if (kind, code) in ((3, 4), (2, 0)) else bytes(4), data=quoted),
                  **more)


def _sent(family, l4, target):
    """The packet as R forwards it: with a lower TTL; conntrack doesn't look at that."""
    return packet(family, SRC[family], target, l4, ttl=63)


def cases():
    for family in FAMILIES:
        rules = [f"-A {chain} -m conntrack --ctstate {state}" for chain in ("FORWARD", "INPUT", "OUTPUT") for state in _STATES]
        rules += ["-A FORWARD -m conntrack --ctstate INVALID -j DROP", "-A FORWARD -m conntrack --ctstate RELATED -j related",
                  "-A related -p icmp -j ACCEPT" if family == 4 else
                  "-A related -p ipv6-icmp -j ACCEPT", "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT"]
        rules.append(f"-A FORWARD -p {'icmp --icmp-type 3/4' if family == 4 else 'ipv6-icmp --icmpv6-type 2'} -j DROP")
        connections = [(udp(1000, 53), DST[family]), (tcp(1000, 80), DST[family]),
                       ((icmp if family == 4 else icmp6)(8 if family == 4 else 128, rest=b"\0\7\0\1"), DST[family])]
        steps = [frame(packet(family, SRC[family], target, l4)) for l4, target in connections]
        for l4, target in connections:
            for kind, code in _KINDS[family]:
                steps.append(frame(_error(family, kind, code, target, SRC[family], _sent(family, l4, target)), "B"))
            kind, code = _KINDS[family][2 if family == 4 else 1]
            whole = _sent(family, l4, target)
            header = 20 if family == 4 else 40
            steps += [frame(_error(family, kind, code, DST2[family], SRC[family], whole), "B"),             # from a router on the way
                      frame(_error(family, kind, code, target, SRC[family], whole[:header + 8]), "B"),
                      frame(_error(family, kind, code, target, SRC[family], whole[:header + 3]), "B"),       # too little quoted
                      frame(_error(family, kind, code, target, SRC[family], whole[:header - 4]), "B"),
                      frame(_error(family, kind, code, target, SRC[family], b""), "B"),
                      frame(_error(family, kind, code, target, SRC[family], whole, bad=True), "B"),
                      frame(_error(family, kind, code, target, SRC[family], packet(family, SRC[family], target, udp(1001, 53))), "B"),
                      # no such connection
                      frame(_error(family, kind, code, SRC[family], target, packet(family, target, SRC[family], udp(53, 1000)))),
                      # of the reply direction
                      frame(_error(family, kind, code, target, SRC[family], _error(family, kind, code, SRC[family], target, whole)), "B")]
        if family == 6:
            quoted = ip6(SRC[6], DST[6], udp(1000, 53), ext=[ext6.options()])
            steps.append(frame(_error(6, 1, 4, DST[6], SRC[6], quoted), "B"))
        else:
            steps.append(frame(_error(4, 3, 3, DST[4], SRC[4], ip4(SRC[4], DST[4], udp(1000, 53), options=b"\1\1\1\1")), "B"))
        steps += [Datagram(family, DST[family], 99),
                  frame(_error(family, *_KINDS[family][1], DST[family], ROUTER[family],
                               packet(family, ROUTER[family], DST[family], udp(4000, 99, b"local"))), "B")]
        yield Case(f"related{family}", {family: filter_table(*rules, chains=["related"])}, steps)
        yield Case(f"related{family}-drop-rest",
                   {family: filter_table("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                                         "-A FORWARD -i eth0 -m conntrack --ctstate NEW -j ACCEPT",
                                                                       policies={"FORWARD": "DROP", "INPUT": "DROP"})}, steps)
        # R's own ICMP errors are RELATED too.
        name, number = ("icmp", "3/3") if family == 4 else ("ipv6-icmp", "1/4")
        yield Case(f"related{family}-own",
                   {family: filter_table(f"-A OUTPUT -p {name} --{'icmp' if family == 4 else 'icmpv6'}-type {number} -m conntrack --ctstate RELATED",
                                                                 *(f"-A OUTPUT -m conntrack --ctstate {state}" for state in _STATES))},
                   [frame(packet(family, SRC[family], ROUTER[family], udp(1000, 9))),
                    frame(packet(family, SRC[family], DST[family], udp(1000, 9), ttl=1)),
                    frame(packet(family, SRC[family], ROUTER[family], tcp(1000, 9)))])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Jumps, gotos, returns, deep nesting, policies, the same chain from two places."""

from twin.case import Case, filter_table
from twin.frames import tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame


def _some(family):
    return [frame(packet(family, SRC[family], target[family], l4)) for target in (DST, ROUTER) for l4 in
            (*(udp(1000 + port, port) for port in range(1, 9)), *(tcp(1000 + port, port) for port in range(1, 9)))]


def _chain(depth, goto_at=(), end="-j DROP"):
    """c0 -> c1 -> ...; returns come back through rules that count."""
    lines = ["-A FORWARD -j c0", "-A FORWARD -p udp", "-A FORWARD -p tcp --dport 3 -j DROP"]
    for level in range(depth):
        way = "-g" if level in goto_at else "-j"
        lines += [f"-A c{level} -p udp --dport {level % 7 + 1} -j RETURN", *([f"-A c{level} {way} c{level + 1}"]
            if level + 1 < depth else [f"-A c{level} -p tcp --dport 5 {end}"]),
                  f"-A c{level} -p tcp"]
    return lines, [f"c{level}" for level in range(depth)]


def cases():
    for family in FAMILIES:
        for depth, gotos in ((2, ()), (8, (3,)), (16, (1, 5, 9)), (32, ()), (64, ()), (64, tuple(range(0, 63, 2))),
                             (100, tuple(range(99)))):
            lines, chains = _chain(depth, gotos)
            yield Case(f"nested{family}-{depth}-{len(gotos)}-gotos", {family: filter_table(*lines, chains=chains)}, _some(family))

        lines = ["-A FORWARD -p udp --dport 1 -g one", "-A FORWARD -p udp --dport 2 -j one", "-A FORWARD -p udp --dport 3 -j two",
                 "-A FORWARD -p udp --dport 4 -j RETURN",
                 "-A FORWARD -p udp --dport 5 -g empty", "-A FORWARD -p udp --dport 6 -j empty", "-A FORWARD -p tcp -j three", "-A FORWARD",
                 "-A INPUT -j one", "-A INPUT -g two",
                 "-A INPUT -j DROP",
                 "-A one -p udp --sport 1001 -g two", "-A one -j two", "-A one",
                 "-A two -p udp --sport 1002 -j RETURN", "-A two -g three", "-A two -j DROP",
                 "-A three -p tcp --dport 1 -j ACCEPT", "-A three -p tcp --dport 2 -j RETURN", "-A three -p tcp --dport 3 -g two2",
                 "-A three -p tcp --dport 4 -j DROP", "-A three",
                 "-A two2 -j RETURN", "-A two2 -j DROP"]
        for policy in ("ACCEPT", "DROP"):
            yield Case(f"goto-return{family}-{policy.lower()}",
                       {family: filter_table(*lines, chains=["one", "two", "three", "two2", "empty"],
                                             policies={"FORWARD": policy, "INPUT": policy})},
                       _some(family))

        yield Case(f"policies{family}", {family: filter_table(policies={"INPUT": "DROP", "FORWARD": "DROP", "OUTPUT": "DROP"})},
                   [*_some(family), Datagram(family, DST[family], 9)])
        yield Case(f"policies{family}-holes",
                   {family: filter_table("-A FORWARD -p udp --dport 3 -j ACCEPT", "-A INPUT -p tcp --dport 3 -j ACCEPT",
                                         "-A OUTPUT -p udp --dport 9 -j ACCEPT",
                                                                    "-A OUTPUT -p tcp -j RETURN",
                                         policies={"INPUT": "DROP", "FORWARD": "DROP", "OUTPUT": "DROP"})},
                   [*_some(family), Datagram(family, DST[family], 9), Datagram(family, DST[family], 10)])
        yield Case(f"empty{family}", {family: filter_table()}, _some(family))
        lines = [f"-A FORWARD -p {proto} --dport {port} -j {target}" for port, target in ((1, "ACCEPT"), (2, "DROP"), (3, "DROP"))
                 for proto in ("tcp", "udp")]
        yield Case(f"repeated{family}", {family: filter_table(*lines, *lines, *lines, "-A FORWARD -j DROP", "-A FORWARD -j ACCEPT")},
                   _some(family))
        many = [f"-A FORWARD -s {('10.77.%d.%d' if family == 4 else 'fd77::%x:%x') % (number >> 8, number & 255)} -p tcp --dport {number} -j DROP" for number in range(1, 3000)]
        yield Case(f"many{family}", {family: filter_table(*many, "-A FORWARD -p tcp --dport 2999")}, [
            frame(packet(family, source, DST[family], tcp(9, number))) for number in (1, 2, 63, 64, 65, 1000, 2999, 3000)
            for source in (SRC[family], ('10.77.%d.%d' if family == 4 else 'fd77::%x:%x') % (number >> 8, number & 255))])

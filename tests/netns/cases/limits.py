# SPDX-License-Identifier: GPL-2.0-or-later
"""limit: only its burst is used up, at rates so low that no token comes back within a case."""

from twin.case import Case, filter_table
from twin.frames import udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import frame


def cases():
    for family in FAMILIES:
        traffic = [frame(packet(family, SRC[family], target[family], udp(1, port))) for _ in range(4) for target in (DST, ROUTER)
                   for port in (1, 2, 3)]
        rules = ["-A FORWARD -m limit --limit 1/hour --limit-burst 1", "-A FORWARD -m limit --limit 1/hour --limit-burst 5",
                 "-A FORWARD -m limit --limit 2/hour",
                 "-A FORWARD -p udp --dport 1 -m limit --limit 1/hour --limit-burst 2 -j ACCEPT", "-A FORWARD -p udp --dport 1 -j DROP",
                 "-A FORWARD -m limit --limit 1/hour --limit-burst 2 -p udp --dport 2 -j DROP",
                 "-A FORWARD -m limit --limit 3/hour --limit-burst 7 -m limit --limit 1/hour --limit-burst 3",
                 "-A FORWARD -j twice", "-A FORWARD -j twice", "-A twice -m limit --limit 1/hour --limit-burst 9",
                 "-A INPUT -m limit --limit 1/hour --limit-burst 4 -j RETURN", "-A INPUT -j DROP",
                 "-A FORWARD -m limit --limit 1000/sec --limit-burst 1000"]
        yield Case(f"limit{family}", {family: filter_table(*rules, chains=["twice"])}, traffic)
        yield Case(f"limit{family}-log",
                   {family: filter_table("-A FORWARD -m limit --limit 1/hour --limit-burst 3 -j LOG",
                                         "-A FORWARD -m limit --limit 1/hour --limit-burst 5 -j REJECT")}, traffic)

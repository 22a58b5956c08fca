# SPDX-License-Identifier: GPL-2.0-or-later
"""raw, mangle, filter and security at once: the order of hooks, drops in each, counters of each."""

from twin.case import Case, table
from twin.frames import tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame
from twin.tool import BUILTIN


def _traffic(family):
    packets = [packet(family, SRC[family], target[family], make(1000, port)) for target in (DST, ROUTER) for make in (udp, tcp)
               for port in range(1, 12)]
    return [*(frame(one) for one in packets), *(Datagram(family, host[family], port) for host in (DST, ROUTER) for port in range(1, 12))]


def cases():
    for family in FAMILIES:
        port = 0
        texts, drops = [], []
        for name in ("raw", "mangle", "filter", "security"):
            count = [f"-A {chain} -p {proto}" for chain in BUILTIN[name] for proto in ("udp", "tcp")]
            texts.append(table(name, *count))
            port += 1
            drop = [f"-A {chain} -p udp --dport {port} -j DROP"
                    for chain in BUILTIN[name]] + [f"-A {chain} -p tcp --dport {port + 5} -j DROP" for chain in BUILTIN[name][:1]]
            drops.append(table(name, *drop, *count))
            yield Case(f"only{family}-{name}", {family: drops[-1]}, _traffic(family))
            yield Case(f"policy{family}-{name}",
                       {family: table(name, f"-A {BUILTIN[name][0]} -p udp --dport 3:5 -j ACCEPT", policies={BUILTIN[name][0]: "DROP"})},
                       _traffic(family))
        yield Case(f"tables{family}-count", {family: "".join(texts)}, _traffic(family))
        yield Case(f"tables{family}-drop", {family: "".join(drops)}, _traffic(family))
        state = [table("raw", "-A PREROUTING -m conntrack --ctstate NEW", "-A PREROUTING -m conntrack --ctstate INVALID",
                       "-A PREROUTING -m conntrack --ctstate UNTRACKED"),
                 table("mangle", "-A PREROUTING -m conntrack --ctstate NEW -j seen", "-A POSTROUTING -m conntrack --ctstate NEW",
                       "-A seen -p udp --dport 4 -j DROP", chains=["seen"]),
                 table("filter", "-A FORWARD -m conntrack --ctstate NEW -j ACCEPT", "-A INPUT -m conntrack --ctstate NEW",
                       policies={"FORWARD": "DROP"}),
                 table("security", "-A FORWARD -m conntrack --ctstate NEW", "-A OUTPUT -m conntrack --ctstate NEW")]
        yield Case(f"tables{family}-state", {family: "".join(state)}, _traffic(family))
    both = {family: table("filter", "-A FORWARD -p udp --dport 5 -j DROP", "-A FORWARD")
            + table("raw", "-A PREROUTING -p udp --dport 6 -j DROP", "-A PREROUTING") for family in FAMILIES}
    yield Case("both-families", both, [*_traffic(4), *_traffic(6)])

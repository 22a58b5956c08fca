# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that hand packets or facts about them to others: SET, NFLOG, NFQUEUE, QUEUE."""

import re
import subprocess

from twin.case import Case, filter_table, table
from twin.frames import tcp, udp
from twin.ipset import ipset
from twin.nflog import Listener
from twin.places import DST, FAMILIES, ROUTER, SRC, SRC2, packet
from twin.steps import Command, Datagram, Script, frame


def _traffic(family):
    for source in (SRC, SRC2):
        for target in (DST, ROUTER):
            for port in (1, 2, 3, 4):
                yield frame(packet(family, source[family], target[family], udp(1000 + port, port)))
                yield frame(packet(family, source[family], target[family], tcp(1000 + port, port)))


def _members():
    def body(side):
        with side.router.entered():
            text = subprocess.run(["ipset", "save"], text=True, capture_output=True, check=False).stdout
        return sorted(re.sub(r"(timeout) \d+$", r"\1", line) for line in text.splitlines() if line.startswith("add"))
    return Script("ipset save", body)


def _sets(family):
    kind = "inet" if family == 4 else "inet6"
    make = [f"create who hash:ip family {kind}", f"create pairs hash:ip,port family {kind}", f"create soon hash:ip family {kind} timeout 600",
            f"add who {SRC2[family]}"]
    rules = ["-A FORWARD -p udp --dport 1 -j SET --add-set who src", "-A FORWARD -p tcp -j SET --add-set pairs dst,dst",
             "-A FORWARD -p udp --dport 2 -j SET --del-set who src", "-A FORWARD -p udp --dport 3 -j SET --add-set soon src --timeout 100 --exist",
             "-A FORWARD -p tcp --dport 2 -j SET --del-set pairs dst,dst --add-set who dst", "-A FORWARD -p udp --dport 4 -j DROP", "-A FORWARD",
             "-A OUTPUT -p udp -j SET --add-set pairs dst,dst", "-A INPUT -p tcp --dport 3 -j SET --add-set who src"]
    yield Case(f"set{family}-members", {family: filter_table()},
               [ipset(*make), *(Command(family, rule) for rule in rules), *_traffic(family), Datagram(family, DST[family], 9), _members(),
                ipset("destroy who"), ipset("rename who whom"), ipset("swap who soon"), Command(family, "-S FORWARD"), Command(family, "-F"),
                ipset("destroy who", "destroy pairs", "destroy soon")], edited=True)
    seen = ["-A FORWARD -p udp --dport 1 -j SET --add-set who src", "-A FORWARD -m set --match-set who src -j DROP", "-A FORWARD -p udp --dport 2 -j SET --del-set who src",
            "-A FORWARD -m set ! --match-set who src", "-A INPUT -p tcp -m set --match-set who src -j SET --add-set pairs src,dst",
            "-A INPUT -p tcp -m set --match-set pairs src,dst"]
    yield Case(f"set{family}-seen", {family: filter_table()},
               [ipset(*make), *(Command(family, rule) for rule in seen), *_traffic(family), _members(), Command(family, "-F"),
                ipset("destroy who", "destroy pairs", "destroy soon")], edited=True)
    yield Case(f"set{family}-errors", {family: filter_table()},
               [ipset(*make), Command(family, "-A FORWARD -j SET --add-set nosuch src"), Command(family, "-A FORWARD -j SET --map-set who src --map-mark"),
                Command(family, "-t mangle -A FORWARD -j SET --map-set who src"), Command(family, "-S"),
                Command(4 if family == 6 else 6, "-A FORWARD -j SET --add-set who src"),
                ipset("destroy who", "destroy pairs", "destroy soon")], edited=True)


def _logs(family):
    rules = ['-A FORWARD -p udp --dport 1 -j NFLOG --nflog-group 7 --nflog-prefix "one: "', "-A FORWARD -p udp --dport 2 -j NFLOG --nflog-group 8",
             "-A FORWARD -p tcp -j NFLOG --nflog-group 7 --nflog-size 40", "-A FORWARD -p tcp -j seen", "-A FORWARD -p udp --dport 3 -j DROP",
             "-A seen -p tcp --dport 2 -j NFLOG --nflog-group 7 --nflog-threshold 1 --nflog-prefix seen", "-A seen -p tcp --dport 3 -j DROP", "-A FORWARD",
             "-A INPUT -j NFLOG --nflog-group 7 --nflog-prefix in", "-A OUTPUT -p udp -j NFLOG --nflog-group 7 --nflog-prefix out"]

    def listen(side):
        side.state["log"] = [Listener(side.router, group) for group in (7, 8)]

    def logged(side):
        """Prefixes and packets, but for the number that R gives its own and the checksum over it."""
        return [[(prefix, payload if family == 6 else payload[:8] + payload[12:20] + payload[24:]) for prefix, payload in listener.close()]
                for listener in side.state.pop("log")]
    yield Case(f"nflog{family}", {family: filter_table(*rules, chains=["seen"])},
               [Script("listen to NFLOG", listen), *_traffic(family), Datagram(family, DST[family], 9), Script("what was logged", logged)])
    yield Case(f"nflog{family}-unheard", {family: table("raw", "-A PREROUTING -j NFLOG --nflog-group 9", "-A PREROUTING -p udp --dport 2 -j DROP", "-A OUTPUT")},
               [*_traffic(family)])


def _queues(family):
    # Nobody listens: a queued packet is dropped, or with --queue-bypass accepted.
    rules = ["-A FORWARD -p udp --dport 1 -j NFQUEUE --queue-num 3", "-A FORWARD -p udp --dport 2 -j NFQUEUE --queue-num 3 --queue-bypass",
             "-A FORWARD -p udp --dport 3 -j NFQUEUE --queue-balance 3:6 --queue-bypass", "-A FORWARD -p tcp --dport 1 -j QUEUE", "-A FORWARD",
             "-A INPUT -p tcp --dport 2 -j NFQUEUE", "-A INPUT", "-A OUTPUT -p udp --dport 8 -j NFQUEUE --queue-num 3",
             "-A OUTPUT -p udp --dport 9 -j NFQUEUE --queue-num 3 --queue-bypass", "-A OUTPUT"]
    after = table("security", "-A FORWARD -p udp", "-A INPUT")
    yield Case(f"nfqueue{family}", {family: filter_table(*rules) + after},
               [*_traffic(family), *(Datagram(family, DST[family], port) for port in (7, 8, 9))])


def _marks(family):
    """Without a security module no packet has a mark: nothing may change."""
    rules = ["-A PREROUTING -j CONNSECMARK --restore", "-A PREROUTING -p udp --dport 2 -j DROP", "-A POSTROUTING -j CONNSECMARK --save", "-A POSTROUTING"]
    yield Case(f"connsecmark{family}", {family: table("mangle", *rules) + table("security", "-A FORWARD -j CONNSECMARK --save", "-A FORWARD")},
               [*_traffic(family), Datagram(family, DST[family], 9)])


def cases():
    for family in FAMILIES:
        for make in (_sets, _logs, _queues, _marks):
            yield from make(family)

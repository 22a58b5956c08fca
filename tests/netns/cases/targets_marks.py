# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that mark packets and connections, and those that say whether and where they are tracked: what later rules see."""

from twin.case import Case, table
from twin.frames import tcp, udp
from twin.places import DST, DST2, FAMILIES, ROUTER, SRC, SRC2, packet
from twin.steps import Datagram, frame

_MARKS = (0, 1, 2, 0x10, 0x11, 0xFF, 0x100, 0xFFFFFFFF)


def _seen(chain, marks=_MARKS, match="mark"):
    return [f"-A {chain} -m {match} --mark {mark}" for mark in marks] + [f"-A {chain} -m {match} --mark 0x1/0x1"]


def _mark(family):
    operations = ["--set-mark 1", "--set-xmark 0x10/0xff", "--or-mark 0x100", "--and-mark 0xff", "--xor-mark 0x11", "--set-mark 0xffffffff",
                  "--set-mark 0", "--set-xmark 0/0"]
    rules = [f"-A PREROUTING -p udp --dport {port} -j MARK {operation}" for port, operation in enumerate(operations, 1)]
    rules += ["-A PREROUTING -p udp --dport 20:29 -j MARK --set-mark 0x11", *(
        f"-A PREROUTING -p udp --dport {port + 20} -j MARK {operation}" for port, operation in enumerate(operations))]
    traffic = [frame(packet(family, SRC[family], target[family], udp(9, port))) for target in (DST, ROUTER) for port in range(1, 30)]
    later = table("filter", *_seen("INPUT"), *_seen("FORWARD"), "-A FORWARD -m mark --mark 0x10/0xf0 -j DROP")
    yield Case(f"mark-target{family}", {family: table("mangle", *rules, *_seen("PREROUTING"), *_seen("POSTROUTING")) + later}, traffic)
    raw = table("raw", "-A PREROUTING -j MARK --set-mark 1", *_seen("PREROUTING"), "-A OUTPUT -j MARK --or-mark 2")
    sent = [Datagram(family, DST[family], 5, mark=mark) for mark in _MARKS]
    yield Case(f"mark-target{family}-raw", {family: raw + table("mangle", *_seen("OUTPUT"), *_seen("POSTROUTING"), *_seen("PREROUTING"))},
               [*traffic[:10], *sent])
    jumps = ["-A FORWARD -j one", "-A one -j MARK --set-mark 1", "-A one -m mark --mark 1 -g two", "-A one -j DROP",
             "-A two -p udp --dport 3 -j RETURN", "-A two -j MARK --xor-mark 1", "-A two -m mark --mark 0 -j ACCEPT",
             "-A FORWARD -m mark --mark 1 -j DROP"]
    yield Case(f"mark-target{family}-jumps", {family: table("filter", *jumps, chains=["one", "two"])}, traffic)


def _connmark(family):
    a, b = SRC[family], DST[family]
    there = [packet(family, a, b, udp(9, port)) for port in range(1, 9)]
    back = [packet(family, b, a, udp(port, 9)) for port in range(1, 9)]
    steps = [step for one, two in zip(there, back) for step in (frame(one), frame(two, "B"), frame(one), frame(two, "B"))]
    operations = ["--set-mark 5", "--set-xmark 0x10/0xff", "--or-mark 0x100", "--xor-mark 0x11", "--set-mark 1 --left-shift-mark 4"]
    rules = [f"-A PREROUTING -p udp --dport {port} -j CONNMARK {operation}" for port, operation in enumerate(operations, 1)]
    marks = (0, 1, 5, 0x10, 0x11, 0x50, 0x100)
    yield Case(f"connmark-target{family}", {family: table("mangle", *rules, *_seen("PREROUTING", marks, "connmark"))
                                            + table("filter", *_seen("FORWARD", marks, "connmark"))}, steps)
    copies = ["-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffff", *_seen("PREROUTING", marks),
              "-A PREROUTING -p udp --dport 1:3 -j MARK --set-mark 0x5", "-A PREROUTING -p udp --dport 4 -j MARK --set-mark 0x110",
              "-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xff", *_seen("POSTROUTING", marks, "connmark")]
    yield Case(f"connmark-target{family}-copies", {family: table("mangle", *copies)}, steps)


def _tracking(family):
    states = ("NEW", "ESTABLISHED", "UNTRACKED", "INVALID")
    see = [f"-A {chain} -m conntrack --ctstate {state}" for chain in ("PREROUTING", "POSTROUTING") for state in states]
    a, b, c, d = SRC[family], DST[family], SRC2[family], DST2[family]
    steps = [frame(one, end) for one, end in (
        (packet(family, a, b, udp(5, 6)), "A"), (packet(family, b, a, udp(6, 5)), "B"), (packet(family, a, b, udp(5, 6)), "A"),
        (packet(family, c, d, udp(5, 6)), "A"), (packet(family, d, c, udp(6, 5)), "B"), (packet(family, c, d, udp(5, 6)), "A"),
        (packet(family, a, b, tcp(5, 6)), "A"), (packet(family, c, b, tcp(5, 6, "A")), "A"))]
    raws = {"notrack": [f"-A PREROUTING -s {a} -j NOTRACK"], "notrack-ct": [f"-A PREROUTING -s {a} -j CT --notrack", "-A OUTPUT -j NOTRACK"],
            "zone": [f"-A PREROUTING -s {a} -j CT --zone 5"], "zone-both": ["-A PREROUTING -j CT --zone 5"],
            "zone-reply": ["-A PREROUTING -j CT --zone-reply 6"], "zone-orig": [f"-A PREROUTING -d {b} -j CT --zone-orig 6"],
            "zone-mark": ["-A PREROUTING -p udp -j MARK --set-mark 0x10007", "-A PREROUTING -j CT --zone mark"],
            "events": ["-A PREROUTING -j CT --ctevents new,destroy"]}
    for name, lines in raws.items():
        yield Case(f"tracking{family}-{name}", {family: table("raw", *lines) + table("mangle", *see)}, steps)


def cases():
    for family in FAMILIES:
        yield from _mark(family)
        yield from _connmark(family)
        yield from _tracking(family)
        traffic = [frame(packet(family, source[family], target[family], make(port, 80))) for source in (SRC, SRC2) for target in (DST, DST2)
                   for make in (udp, tcp) for port in range(1, 9)]
        hmark = [f"-A PREROUTING -j HMARK --hmark-tuple {parts} --hmark-mod 8 --hmark-rnd 0xcafe --hmark-offset 100"
                 for parts in ("src,dst", "src,dst,sport,dport,proto", "ct,src,dst")]
        for number, rule in enumerate(hmark):
            yield Case(f"hmark{family}-{number}", {family: table("mangle", rule, *_seen("PREROUTING", range(100, 108)))}, traffic)

# SPDX-License-Identifier: GPL-2.0-or-later
"""`-o` in OUTPUT after another route has been taken: it is the device that the stack called the hook with."""

from twin.case import Case, table
from twin.frames import udp
from twin.places import DST, FAMILIES, SRC, packet
from twin.steps import Datagram, Script, frame

_TO_B = {4: "10.20.0.9", 6: "fd00:20::9"}
_TO_A = {4: "10.10.0.9", 6: "fd00:10::9"}


def _ip(*lines):
    return Script("ip " + "; ".join(lines), lambda side: side.router.ip(list(lines)))


def _seen(chain):
    return [f"-A {chain} -o eth0", f"-A {chain} -o eth1", f"-A {chain} ! -o eth+", f"-A {chain} -o lo", f"-A {chain} -m devgroup --dst-group 7"]


def cases():
    for family in FAMILIES:
        # A change of groups makes IPv6 report its own groups again.
        groups = ([_ip("link set eth1 group 7")], [_ip("link set eth1 group 0")]) if family == 4 else ([], [])
        sent = [Datagram(family, host, port, mark=mark) for mark in (0, 5) for host in (_TO_A[family], _TO_B[family]) for port in (1, 2, 3, 4)]
        translated = ["-A OUTPUT -p udp --dport 1 -j DNAT --to-destination " + _TO_B[family], "-A OUTPUT -p udp --dport 2 -j DNAT --to-destination " + _TO_A[family],
                      *_seen("OUTPUT")]
        later = table("filter", *_seen("OUTPUT"), "-A OUTPUT -o eth0 -p udp --dport 4 -j DROP") + table("security", *_seen("OUTPUT")) \
            + table("mangle", *_seen("OUTPUT"), *_seen("POSTROUTING"))
        yield Case(f"rerouted{family}-nat", {family: table("nat", *translated, *_seen("POSTROUTING")) + later}, [*groups[0], *sent, *sent, *groups[1]])
        # The answer to what came in translated leaves translated back
        inward = table("nat", f"-A INPUT -p udp --dport 7 -j SNAT --to-source {_TO_B[family]}", *_seen("OUTPUT"))
        yield Case(f"rerouted{family}-answers", {family: inward + table("filter", *_seen("OUTPUT"))},
                   [frame(packet(family, SRC[family], {4: "10.9.9.9", 6: "fd00:9::9"}[family], udp(port, 7))) for port in (100, 101)])
        by_mark = f"from {'0.0.0.0/0' if family == 4 else '::/0'} fwmark 5 table 77 priority 77"
        way = f"default via {'10.2.0.2' if family == 4 else 'fd00:2::2'} table 77"
        rule, gone = [_ip(f"rule add {by_mark}", f"route add {way}")], [_ip(f"rule del {by_mark}", f"route del {way}")]
        marked = table("mangle", "-A OUTPUT -p udp --dport 1 -j MARK --set-mark 5", "-A OUTPUT -p udp --dport 2 -j MARK --set-mark 0", *_seen("OUTPUT"), *_seen("POSTROUTING"))
        later = table("nat", *_seen("OUTPUT")) + table("filter", *_seen("OUTPUT"), "-A OUTPUT -o eth1 -p udp --dport 4 -j DROP") + table("security", *_seen("OUTPUT"))
        yield Case(f"rerouted{family}-mark", {family: marked + later}, [*groups[0], *rule, *sent, *gone, *groups[1]])
        # Many questions for the device, one answer
        many = [f"-A OUTPUT -o eth{number}" for number in range(200)]
        yield Case(f"rerouted{family}-many", {family: table("mangle", "-A OUTPUT -j MARK --set-mark 5") + table("filter", *many)},
                   [*rule, *sent, *gone])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that rewrite headers: TTL, HL, TOS, DSCP, ECN, TCPMSS, TCPOPTSTRIP. What leaves is compared bit by bit, and later rules
see what an earlier one changed."""

from twin.case import Case, table
from twin.frames import icmp, icmp6, ip4, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import frame

_HOOKS = ("PREROUTING", "FORWARD", "POSTROUTING")
_BYTES = (0, 1, 2, 3, 4, 0x10, 0x28, 0x3F, 0x40, 0x80, 0xB8, 0xBB, 0xFC, 0xFF)
# MSS 1460, 536, 1; none; behind NOPs; with window scale, SACK permitted and timestamp; twice; cut short; a lying length
_MSS = (b"\2\4\5\xb4", b"\2\4\2\x18", b"\2\4\0\1", b"", b"\1\1\2\4\5\xb4", b"\2\4\5\xb4\1\3\3\7\4\2\x08\x0a" + bytes(8) + b"\0\0",
        b"\2\4\5\xb4\2\4\4\0", b"\1\1\2\4", b"\2\3\5\xb4", b"\0\2\4\5\xb4", b"\3\3\7\1" * 10)
_STRIPPED = _MSS + (b"\x08\x0a" + b"\x11" * 8, b"\x13\x12" + b"\x22" * 16, b"\4\2\4\2", b"\5\x0a" + bytes(8), b"\x08\0\1\1", b"\xff\4ab")


def _many(family, targets, make):
    """Packets to several destinations: one each, an odd port for each kind of rule."""
    return [frame(one) for target in targets for one in make(target[family])]


def _ttl(family):
    name, option = ("TTL", "ttl") if family == 4 else ("HL", "hl")
    rules = [f"-p udp --dport {port} -j {name} --{option}-{what} {value}" for port, (what, value) in enumerate(
        [("set", 0), ("set", 1), ("set", 64), ("set", 255), ("inc", 1), ("inc", 255), ("inc", 100), ("dec", 1), ("dec", 255), ("dec", 60)],
        1)]
    seen = [f"-m {option} --{option}-eq {value}" for value in (0, 1, 2, 3, 63, 64, 65, 164, 254, 255)]
    for hook in _HOOKS:
        lines = [f"-A {hook} {rule}" for rule in rules + seen]
        later = table("filter", *(f"-A {chain} {test}" for chain in ("INPUT", "FORWARD") for test in seen))
        yield Case(f"ttl-target{family}-{hook.lower()}", {family: table("mangle", *lines) + later}, _many(
            family, (DST, ROUTER), lambda to: [packet(family, SRC[family], to, udp(9, port), ttl=value)
                                               for port in range(1, 12) for value in (2, 3, 64, 200, 255)]))
    twice = [f"-A FORWARD -j {name} --{option}-inc 3", f"-A FORWARD -m {option} --{option}-eq 66 -j {name} --{option}-dec 1",
             f"-A FORWARD -m {option} --{option}-eq 65 -j ACCEPT", "-A FORWARD -j DROP"]
    yield Case(f"ttl-target{family}-twice", {family: table("mangle", *twice)},
               [frame(packet(family, SRC[family], DST[family], udp(1, 2), ttl=value)) for value in (62, 63, 64, 65)])


def _tos(family):
    rules = ["TOS --set-tos 0x10", "TOS --set-tos 0x10/0x3f", "TOS --and-tos 0x0f", "TOS --or-tos 0xf0", "TOS --xor-tos 0xff",
             "TOS --set-tos 0x55/0xaa", "TOS --xor-tos 0", "DSCP --set-dscp 0", "DSCP --set-dscp 63", "DSCP --set-dscp-class AF41"]
    if family == 4:
        rules += [f"ECN --ecn-ip-ect {value}" for value in range(4)]
    seen = ["-m tos --tos 0x10", "-m tos --tos 0x10/0x3f", "-m dscp --dscp 63", "-m dscp --dscp-class AF41", "-m tos --tos 0x0f/0x0f"]
    for hook in _HOOKS:
        lines = [f"-A {hook} -p udp --dport {port} -j {rule}" for port, rule in enumerate(rules, 1)]
        lines += [f"-A {hook} {test}" for test in seen]
        later = table("filter", *(f"-A FORWARD {test}" for test in seen))
        yield Case(f"tos-target{family}-{hook.lower()}", {family: table("mangle", *lines) + later},
                   [frame(packet(family, SRC[family], DST[family], udp(9, port), tos=value))
                    for port in range(1, len(rules) + 2) for value in _BYTES])


def _ecn():
    rules = ["--ecn-tcp-remove", "--ecn-tcp-cwr 1", "--ecn-tcp-ece 1", "--ecn-tcp-cwr 0 --ecn-tcp-ece 1",
             "--ecn-tcp-cwr 1 --ecn-ip-ect 2"]
    lines = [f"-A FORWARD -p tcp --dport {port} -j ECN {rule}" for port, rule in enumerate(rules, 1)]
    lines += [f"-A FORWARD -p tcp --tcp-flags ALL {flags}" for flags in ("SYN", "ACK", "SYN,ACK")]
    yield Case("ecn-target", {4: table("mangle", *lines)},
               [frame(ip4(SRC[4], DST[4], tcp(9, port, flags, data=data), tos=tos)) for port in range(1, 7)
                for flags in ("S", "SEC", "AE", "AC", "A", "SA") for data in (b"", b"odd") for tos in (0, 3)])


def _mss(family):
    syn = "-p tcp --tcp-flags SYN,RST SYN"
    rules = [f"-A FORWARD {syn} --dport {port} -j TCPMSS --set-mss {mss}" for port, mss in enumerate((1, 500, 1400, 1460, 9000), 1)]
    rules += [f"-A FORWARD {syn} --dport 6 -j TCPMSS --clamp-mss-to-pmtu", "-A FORWARD -p tcp --dport 1:4",
              "-A FORWARD -p tcp --tcp-option 2", "-A FORWARD -m length --length 0:44"]
    steps = [frame(packet(family, SRC[family], DST[family], tcp(9, port, flags, options=options, data=data)))
             for port in range(1, 8) for options in _MSS for flags, data in (("S", b""), ("SA", b""), ("A", b""), ("S", b"data"))]
    cut = [frame(packet(family, SRC[family], DST[family], tcp(9, 2, "S", doff=words))) for words in (0, 4, 5, 6, 15)]
    yield Case(f"tcpmss-target{family}", {family: table("mangle", *rules)}, steps)
    yield Case(f"tcpmss-target{family}-cut", {family: table("mangle", *rules)}, cut)


def _strip(family):
    rules = [f"-A FORWARD -p tcp --dport {port} -j TCPOPTSTRIP --strip-options {kinds}" for port, kinds in enumerate(
        ("mss", "wscale,timestamp", "sack-permitted,sack,md5", "255,2,3,4,5,8"), 1)]
    rules += [f"-A POSTROUTING -p tcp --tcp-option {kind}" for kind in (2, 3, 4, 8, 255)]  # behind its chain
    yield Case(f"tcpoptstrip{family}", {family: table("mangle", *rules)},
               [frame(packet(family, SRC[family], DST[family], tcp(9, port, flags, options=options, data=data)))
                for port in range(1, 6) for options in _STRIPPED for flags, data in (("S", b""), ("A", b"data"))])


def cases():
    for family in FAMILIES:
        yield from _ttl(family)
        yield from _tos(family)
        yield from _mss(family)
        yield from _strip(family)
    yield from _ecn()
    # on what has no such header
    others = {4: icmp(8), 6: icmp6(128)}
    for family in FAMILIES:
        rules = ["-A FORWARD -j TOS --or-tos 0x10", "-A FORWARD -m tos --tos 0x10/0x10", "-A FORWARD -j CLASSIFY --set-class 1:2"]
        yield Case(f"tos-target{family}-any", {family: table("mangle", *rules)},
                   [frame(packet(family, SRC[family], DST[family], l4)) for l4 in (others[family], udp(1, 2), tcp(3, 4))])

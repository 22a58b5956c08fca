# SPDX-License-Identifier: GPL-2.0-or-later
"""SYNPROXY: R answers for the server until the client has proved itself, then connects to it and translates sequence numbers."""

from twin.case import Case, filter_table, table
from twin.connection import PORT, life
from twin.frames import tcp
from twin.places import DST, FAMILIES, ROUTER, SRC, STACK_A, STACK_B, packet
from twin.steps import Script, frame


def _loose(value):
    """Unless strict, conntrack takes the client's last ACK for a connection picked up in the middle."""
    return Script(f"nf_conntrack_tcp_loose={value}", lambda side: side.router.sysctl({"netfilter/nf_conntrack_tcp_loose": value}))


def _rules(options):
    lines = []
    for chain in ("FORWARD", "INPUT"):
        lines += [f"-A {chain} -p tcp --dport {PORT} -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY {options}",
                  f"-A {chain} -m conntrack --ctstate INVALID -j DROP", f"-A {chain} -m conntrack --ctstate NEW", f"-A {chain}"]
    return (table("raw", f"-A PREROUTING -p tcp --dport {PORT} --syn -j CT --notrack", "-A PREROUTING", "-A OUTPUT")
            + filter_table(*lines, "-A OUTPUT -m conntrack --ctstate UNTRACKED", "-A OUTPUT"))


def cases():
    for family in FAMILIES:
        a, b, r = STACK_A[family], STACK_B[family], ROUTER[family]
        for name, options in (("all", "--sack-perm --timestamp --wscale 7 --mss 1460"), ("mss", "--mss 536"), ("ecn", "--sack-perm --ecn")):
            rules = {family: _rules(options)}
            yield Case(f"synproxy{family}-forward-{name}", rules, [_loose(0), *life(family, "A", "B", b, b), _loose(1)])
            yield Case(f"synproxy{family}-input-{name}", rules, [_loose(0), *life(family, "A", "R", r, r), _loose(1)])
            yield Case(f"synproxy{family}-output-{name}", rules, [_loose(0), *life(family, "R", "A", a, a), _loose(1)])
        # Nobody has proved anything: a made-up acknowledgement, and others that go past.
        wild = [frame(packet(family, SRC[family], target[family], tcp(1000 + number, port, flags, ack=77, options=options)))
                for target in (DST, ROUTER) for port in (PORT, 81) for number, (flags, options) in enumerate(
                    (("S", b""), ("S", b"\2\4\5\xb4\1\3\3\7\4\2"), ("SEC", b"\2\4\5\xb4"), ("A", b""), ("PA", b""), ("R", b""), ("SA", b"")))]
        yield Case(f"synproxy{family}-strangers", {family: _rules("--sack-perm --timestamp --wscale 7 --mss 1460")}, [_loose(0), *wild, _loose(1)])

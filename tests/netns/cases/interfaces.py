# SPDX-License-Identifier: GPL-2.0-or-later
"""-i and -o: exact, prefixes, inversion, devices that don't exist, the bridge and its ports, the loopback device."""

from twin.case import Case, filter_table, probes, table
from twin.frames import udp
from twin.places import DST, FAMILIES, ROUTER, ROUTER_B, ROUTER_LO, SRC, packet
from twin.steps import Datagram, Script, frame
from twin.tool import BUILTIN

_NAMES = ("eth0", "eth1", "eth", "eth+", "e+", "+", "eth0+", "eth1+", "eth01", "br0", "br+", "lo", "l+", "nosuch0", "eth2", "eth0.10",
          "eth0.+", "abcdefghijklmn+",
          "abcdefghijklmno")


def _options(flag):
    for name in _NAMES:
        yield f"{flag} {name}"
        if name != "+":  # 1.8.9 saves `! -i +` as nothing
            yield f"! {flag} {name}"


def cases():
    for family in FAMILIES:
        behind_c = {4: "10.30.0.5", 6: "fd00:30::5"}[family]

        def through(ttl, f=family, c=behind_c):
            return [frame(packet(f, SRC[f], DST[f], udp(1, 2), ttl=ttl)), frame(packet(f, DST[f], SRC[f], udp(2, 1), ttl=ttl), "B"),
                    frame(packet(f, SRC[f], c, udp(1, 2), ttl=ttl)), frame(packet(f, c, DST[f], udp(1, 2), ttl=ttl), "C")]

        def inward(ttl, f=family, c=behind_c):
            return [frame(packet(f, SRC[f], ROUTER[f], udp(1, 7000), ttl=ttl)), frame(packet(f, DST[f], ROUTER[f], udp(1, 7000), ttl=ttl),
                "B"),
                    frame(packet(f, DST[f], ROUTER_B[f], udp(1, 7000), ttl=ttl), "B"),
                    frame(packet(f, c, ROUTER_LO[f], udp(1, 7000), ttl=ttl), "C")]

        yield from probes(f"in{family}-forward", family, "FORWARD", [*_options("-i")], through, ends="ABCD")
        yield from probes(f"out{family}-forward", family, "FORWARD", [*_options("-o"), "-i eth0 -o eth1", "! -i eth0 -o eth1",
                                                                      "-i eth+ ! -o br+"], through, ends="ABCD")
        yield from probes(f"in{family}-input", family, "INPUT", [*_options("-i")], inward, ends="ABCD", listen=[(family, "udp", 7000)])
        targets = [DST[family], SRC[family], behind_c, ROUTER_LO[family], ROUTER[family]]
        rules = [*(f"-A OUTPUT {option}" for option in _options("-o")), *(f"-A INPUT {option}" for option in _options("-i")),
                 "-A OUTPUT -o eth1 -p udp --dport 7001 -j DROP", "-A INPUT -i lo -p udp --dport 7002 -j DROP"]
        yield Case(f"out{family}-output", {family: filter_table(*rules)},
                   [Datagram(family, target, port) for target in targets for port in (7000, 7001, 7002)], ends="ABCD",
                   listen=[(family, "udp", 7000)])
        # In a chain of one's own, -i and -o may stand where the built-in chains don't take them.
        asked = [f"-A seen {option}" for flag in ("-i", "-o") for name in ("eth0", "eth1", "lo", "br0")
                 for option in (f"{flag} {name}", f"! {flag} {name}")]
        for chain in BUILTIN["mangle"]:
            yield Case(f"names{family}-{chain.lower()}", {family: table("mangle", f"-A {chain} -j seen", *asked, chains=["seen"])},
                       [*through(64), *inward(64), *(Datagram(family, target, 7000) for target in targets)], ends="ABCD")
        # Bridged frames meet FORWARD only where br_netfilter says so; on the ports themselves no table is ever asked.
        far = {4: "10.3.0.77", 6: "fd00:3::77"}[family]
        name = {4: "iptables", 6: "ip6tables"}[family]
        bridged = [frame(packet(family, behind_c, far, udp(1, 2)), "C", dst="02:00:00:00:04:02"),
                   frame(packet(family, far, behind_c, udp(2, 1)), "D", dst="02:00:00:00:03:02"),
                   frame(packet(family, behind_c, far, udp(1, 3)), "C"), frame(packet(family, behind_c, ROUTER[family], udp(1, 2)), "D")]
        yield Case(f"bridge{family}",
                   {family: filter_table("-A FORWARD -i br0 -o br0 -p udp --dport 2", "-A FORWARD -i eth2",
                                         "-A FORWARD -p udp --dport 1 -j DROP",
                                                            "-A INPUT -j DROP")},
                   [bridge_calls(name, 1), *bridged, bridge_calls(name, 0), *bridged, bridge_calls(name, 1)], ends="ABCD")


def bridge_calls(name, value):
    return Script(f"bridge-nf-call-{name}={value}", lambda side: side.router.sysctl({f"bridge/bridge-nf-call-{name}": value}))

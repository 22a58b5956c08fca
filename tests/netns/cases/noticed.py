# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that tell others of a packet and let it go on (IDLETIMER, AUDIT, RATEEST, TRACE; the kernels of the test machines have no
LEDs), and physdev on bridged packets."""

from cases.interfaces import bridge_calls

from twin.case import Case, filter_table, table
from twin.frames import tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame


def _noticed(family):
    traffic = [frame(packet(family, SRC[family], target[family], make(1000 + port, port))) for target in (DST, ROUTER) for make in (udp, tcp) for port in (1, 2, 3)]
    traffic += [Datagram(family, DST[family], port) for port in (1, 9)]
    targets = {"idletimer": f"IDLETIMER --timeout 600 --label twin{family}",
               "audit": "AUDIT --type accept", "rateest": f"RATEEST --rateest-name twin{family} --rateest-interval 250ms --rateest-ewmalog 500ms"}
    for name, target in targets.items():
        rules = [f"-A {chain} {rest}" for chain in ("FORWARD", "INPUT", "OUTPUT")
                 for rest in (f"-p udp -j {target}", f"-p tcp --dport 2 -j {target}", "-p udp --dport 2 -j DROP", "-m mark --mark 0")]
        yield Case(f"noticed{family}-{name}", {family: filter_table(*rules)}, traffic)
    traced = table("raw", "-A PREROUTING -p udp --dport 1 -j TRACE", "-A PREROUTING -p udp", "-A OUTPUT -j TRACE") + filter_table("-A FORWARD -p udp --dport 1", "-A OUTPUT")
    yield Case(f"noticed{family}-trace", {family: traced}, traffic)


def _bridged(family):
    behind, far = {4: "10.30.0.5", 6: "fd00:30::5"}[family], {4: "10.3.0.77", 6: "fd00:3::77"}[family]
    name = {4: "iptables", 6: "ip6tables"}[family]
    across = [frame(packet(family, behind, far, udp(1, 2)), "C", dst="02:00:00:00:04:02"), frame(packet(family, far, behind, udp(2, 1)), "D", dst="02:00:00:00:03:02")]
    routed = [frame(packet(family, behind, DST[family], udp(1, 3)), "C"), frame(packet(family, DST[family], behind, udp(3, 1)), "B"),
              frame(packet(family, behind, ROUTER[family], udp(1, 2)), "D"), frame(packet(family, SRC[family], DST[family], udp(1, 2)))]
    inward = [f"{no}{option}" for option in ("--physdev-in eth2", "--physdev-in eth3", "--physdev-in eth+", "--physdev-is-in", "--physdev-is-bridged") for no in ("", "! ")]
    outward = [f"{no}{option}" for option in ("--physdev-out eth3", "--physdev-out eth2", "--physdev-out eth+", "--physdev-is-out", "--physdev-is-bridged")
               for no in ("", "! ")]
    both = ["--physdev-in eth2 --physdev-out eth3", "--physdev-in eth3 ! --physdev-out eth3", "--physdev-is-in --physdev-is-out"]
    # Out-ports are known for bridged packets only; the kernel wants to hear that (physdev_mt_check).
    late = [f"{rule} --physdev-is-bridged" if "is-bridged" not in rule else rule for rule in (*outward, *both)]
    rules = table("mangle", *(f"-A {chain} -m physdev {rule}" for chain in ("PREROUTING", "INPUT", "FORWARD") for rule in inward),
                  *(f"-A {chain} -m physdev {rule}" for chain in ("FORWARD", "POSTROUTING") for rule in late))
    drops = filter_table("-A FORWARD -m physdev --physdev-is-bridged --physdev-in eth3 -j DROP", "-A FORWARD -m physdev ! --physdev-is-bridged")
    for number, text in enumerate((rules, drops)):
        yield Case(f"physdev{family}-bridged-{number}", {family: text}, [bridge_calls(name, 1), *across, *routed, bridge_calls(name, 0), *across, bridge_calls(name, 1)],
                   ends="ABCD")


def cases():
    for family in FAMILIES:
        yield from _noticed(family)
        yield from _bridged(family)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Address translation end to end: whole connections with data, errors, what later rules see, and conntrack's entries."""

import re
import subprocess

from twin.case import Case, filter_table, table
from twin.connection import life
from twin.frames import icmp, icmp6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, ROUTER_B, SRC, SRC2, STACK_A, STACK_B, packet
from twin.steps import Datagram, Script, frame

VIP = {4: "10.96.0.10", 6: "fd00:96::10"}  # routed nowhere but by default: back to A


def entries(side):
    """R's conntrack entries without what time decides: timeouts."""
    with side.router.entered():
        listing = subprocess.run(["conntrack", "-L", "-f", "ipv4"], capture_output=True, text=True, check=False).stdout
        listing += subprocess.run(["conntrack", "-L", "-f", "ipv6"], capture_output=True, text=True, check=False).stdout
    return sorted(re.sub(r"^(\w+\s+\d+) \d+", r"\1", line.strip()) for line in listing.splitlines())


ENTRIES = Script("conntrack entries of R", entries)


def _bracket(family, host):
    return host if family == 4 else f"[{host}]"


def _to(family, host, port):
    return f"{_bracket(family, host)}:{port}"


def _seen_later(family):
    """Rules that count what translation does to a packet on its way."""
    b = STACK_B[family]
    return ["-A FORWARD -m conntrack --ctstate DNAT", "-A FORWARD -m conntrack --ctstate SNAT", f"-A FORWARD -d {b}",
            f"-A FORWARD -m conntrack --ctorigdst {ROUTER[family]}", f"-A FORWARD -s {b}", "-A FORWARD -p tcp --dport 8000",
            "-A FORWARD -m conntrack --ctstate NEW", "-A INPUT", "-A OUTPUT"]


def _lives(family):
    a, b, r = STACK_A[family], STACK_B[family], ROUTER[family]
    forward = table("nat", f"-A PREROUTING -d {r} -p tcp --dport 8000 -j DNAT --to-destination {_to(family, b, 8000)}",
                    f"-A POSTROUTING -d {b} -o eth1 -j MASQUERADE", "-A PREROUTING", "-A INPUT", "-A OUTPUT", "-A POSTROUTING")
    yield Case(f"nat{family}-dnat-masquerade", {family: forward + filter_table(*_seen_later(family))},
               [*life(family, "A", "B", b, r), ENTRIES])
    snat = table("nat", f"-A POSTROUTING -s {a} -p tcp -j SNAT --to-source {ROUTER_B[family]}", "-A POSTROUTING", "-A PREROUTING")
    yield Case(f"nat{family}-snat", {family: snat + filter_table(*_seen_later(family))}, [*life(family, "A", "B", b, b), ENTRIES])
    redirect = table("nat", "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8000", "-A INPUT", "-A PREROUTING")
    yield Case(f"nat{family}-redirect", {family: redirect + filter_table(*_seen_later(family))},
               [*life(family, "A", "R", r, VIP[family], port=80), ENTRIES])
    hairpin = table("nat", f"-A PREROUTING -d {r} -p tcp --dport 8000 -j DNAT --to-destination {a}",
                    f"-A POSTROUTING -s {a} -d {a} -p tcp -j MASQUERADE")
    yield Case(f"nat{family}-hairpin", {family: hairpin + filter_table(*_seen_later(family))},
               [*life(family, "A", "A", a, r), ENTRIES])
    output = table("nat", f"-A OUTPUT -d {VIP[family]} -p tcp --dport 80 -j DNAT --to-destination {_to(family, b, 8000)}", "-A OUTPUT",
                   "-A POSTROUTING")
    yield Case(f"nat{family}-local-output", {family: output + filter_table("-A OUTPUT -m conntrack --ctstate DNAT", f"-A OUTPUT -d {b}")},
               [*life(family, "R", "B", b, VIP[family], port=80), ENTRIES])


def _datagrams(family):
    """UDP to many places and the ICMP errors that come back."""
    error, code = (icmp, (3, 3)) if family == 4 else (icmp6, (1, 4))
    steps = []
    for port in (53, 54, 55, 56, 57):
        out = packet(family, SRC[family], ROUTER[family], udp(4000, port, b"ask"))
        steps += [frame(out), frame(out), frame(packet(family, DST[family], ROUTER_B[family], udp(5300, 4000, b"answer")), "B"),
                  frame(packet(family, DST[family], SRC[family], udp(5300, 4000, b"answer")), "B")]
        translated = packet(family, SRC[family], DST[family], udp(4000, 5300, b"ask"))
        steps.append(frame(packet(family, DST[family], SRC[family], error(*code, rest=bytes(4), data=translated)), "B"))
    return [*steps, frame(packet(family, SRC2[family], DST[family], udp(1, 2))), ENTRIES]


def _rules_of_datagrams(family):
    d, r = DST[family], ROUTER[family]
    net, to = {4: ("10.1.0.0/24", "10.20.0.0/24"), 6: ("fd00:1::/64", "fd00:20::/64")}[family]
    last = d[:-1] + "9"
    return table("nat", f"-A PREROUTING -p udp --dport 53 -d {r} -j DNAT --to-destination {_to(family, d, 5300)}",
                 f"-A PREROUTING -p udp --dport 54 -d {r} -j DNAT --to-destination {d}-{last}",
                 f"-A PREROUTING -p udp --dport 55 -d {r} -j DNAT --to-destination {_to(family, d, '6000-6009')} --persistent",
                 f"-A PREROUTING -p udp --dport 56 -d {net} -j NETMAP --to {to}", "-A PREROUTING -p udp --dport 57 -j ACCEPT",
                 f"-A POSTROUTING -p udp -s {SRC2[family]} -j SNAT --to-source {_to(family, ROUTER_B[family], 7000)}",
                 "-A PREROUTING", "-A POSTROUTING") + filter_table(*_seen_later(family), "-A FORWARD -m conntrack --ctstate RELATED")


def _docker():
    """What dockerd makes for a container at B that publishes port 8000 as 8080."""
    b, r = STACK_B[4], ROUTER[4]
    nat = table("nat", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER", "-A POSTROUTING -s 10.2.0.0/24 ! -o eth1 -j MASQUERADE",
                f"-A POSTROUTING -s {b}/32 -d {b}/32 -p tcp -m tcp --dport 8000 -j MASQUERADE", "-A DOCKER -i docker0 -j RETURN",
                f"-A DOCKER ! -i eth1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {b}:8000", chains=["DOCKER"])
    rules = filter_table("-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                         "-A FORWARD -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A FORWARD -o eth1 -j DOCKER",
                         "-A FORWARD -i eth1 ! -o eth1 -j ACCEPT", "-A FORWARD -i eth1 -o eth1 -j ACCEPT",
                         f"-A DOCKER -d {b}/32 ! -i eth1 -o eth1 -p tcp -m tcp --dport 8000 -j ACCEPT",
                         "-A DOCKER-ISOLATION-STAGE-1 -i eth1 ! -o eth1 -j DOCKER-ISOLATION-STAGE-2", "-A DOCKER-ISOLATION-STAGE-1 -j RETURN",
                         "-A DOCKER-ISOLATION-STAGE-2 -o eth1 -j DROP", "-A DOCKER-ISOLATION-STAGE-2 -j RETURN", "-A DOCKER-USER -j RETURN",
                         policies={"FORWARD": "DROP"},
                         chains=["DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-USER"])
    return Case("nat4-docker", {4: nat + rules},
                [*life(4, "A", "B", b, r, port=8080), ENTRIES, *life(4, "R", "B", b, r, port=8080), *life(4, "B", "A", STACK_A[4], STACK_A[4]),
                 frame(packet(4, SRC[4], b, tcp(5, 8000))), frame(packet(4, SRC[4], r, tcp(6, 8081))),
                 frame(packet(4, STACK_B[4], DST[4], udp(7, 8)), "B"), ENTRIES])


def _kube(services):
    """kube-proxy's tables for that many services of two endpoints each; the last and the first are B's."""
    b = STACK_B[4]
    chains = ["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-NODEPORTS"]
    lines = ["-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES", "-A OUTPUT -j KUBE-SERVICES",
             "-A POSTROUTING -j KUBE-POSTROUTING", "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
             "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
             "-A KUBE-POSTROUTING -j MASQUERADE"]
    for number in range(services):
        vip, name = f"10.96.{number >> 8}.{number & 255}", f"{number:05d}"
        ours = number in (0, services - 1)
        ends = [f"{b}:8000" if ours else f"10.20.{number >> 8}.{number & 255}:8000", f"{b}:8001" if ours else f"10.21.{number >> 8}.1:80"]
        chains += [f"KUBE-SVC-{name}", f"KUBE-SEP-{name}A", f"KUBE-SEP-{name}B"]
        lines += [f"-A KUBE-SERVICES -d {vip}/32 -p tcp -m comment --comment \"default/s{name}\" -m tcp --dport 80 -j KUBE-SVC-{name}",
                  f"-A KUBE-SVC-{name} ! -s 10.244.0.0/16 -d {vip}/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ",
                  f"-A KUBE-SVC-{name} -p tcp -m tcp --sport 0:65535 -j KUBE-SEP-{name}A", f"-A KUBE-SVC-{name} -j KUBE-SEP-{name}B"]
        for end, side in zip(ends, "AB"):
            lines += [f"-A KUBE-SEP-{name}{side} -s {end.split(':')[0]}/32 -j KUBE-MARK-MASQ",
                      f"-A KUBE-SEP-{name}{side} -p tcp -m tcp -j DNAT --to-destination {end}"]
    lines.append("-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS")
    last = services - 1
    vips = [f"10.96.{number >> 8}.{number & 255}" for number in (0, last)]
    steps = []
    for vip in vips:
        steps += life(4, "A", "B", b, vip, port=80) + life(4, "R", "B", b, vip, port=80)
    steps += [frame(packet(4, SRC[4], vips[1], tcp(900, 80))), frame(packet(4, SRC[4], vips[1], tcp(901, 81))),
              frame(packet(4, SRC[4], f"10.96.0.{services // 2 & 255}", tcp(902, 80))), Datagram(4, vips[0], 80), ENTRIES]
    rules = filter_table("-A FORWARD -m mark --mark 0x4000/0x4000", "-A FORWARD -m conntrack --ctstate DNAT", "-A FORWARD")
    return Case(f"nat4-kube-{services}", {4: table("nat", *lines, chains=chains) + rules}, steps)


def cases():
    for family in FAMILIES:
        yield from _lives(family)
        yield Case(f"nat{family}-datagrams", {family: _rules_of_datagrams(family)}, _datagrams(family))
    yield _docker()
    yield _kube(20)
    yield _kube(2000)

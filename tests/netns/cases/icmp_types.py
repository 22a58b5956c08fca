# SPDX-License-Identifier: GPL-2.0-or-later
"""--icmp-type and --icmpv6-type."""

from twin.case import probes
from twin.frames import icmp, icmp6, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import frame

_PACKETS = {4: ((0, 0), (8, 0), (8, 1), (3, 0), (3, 1), (3, 3), (3, 4), (3, 15), (3, 16), (5, 0), (5, 1), (11, 0), (11, 1), (12, 0),
                (13, 0), (17, 0), (255, 255), (1, 0)),
            6: ((128, 0), (128, 1), (129, 0), (1, 0), (1, 3), (1, 4), (1, 5), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1), (4, 2), (144, 0),
                (255, 255), (0, 0), (127, 7))}
_TYPES = {4: ("0", "8", "8/0", "8/1", "3", "3/3", "3/15", "3/0", "5/1", "11/0", "12", "13", "254/255", "any", "echo-request",
              "network-unreachable"),  # 1.8.9 writes 255/0 as any
          6: ("128", "128/0", "128/1", "129", "1", "1/4", "1/0", "2", "3/1", "4/2", "144", "255/255", "0", "echo-reply",
              "destination-unreachable")}


def cases():
    for family in FAMILIES:
        name, option = ("icmp", "icmp-type") if family == 4 else ("ipv6-icmp", "icmpv6-type")
        module = "icmp" if family == 4 else "icmp6"
        make = icmp if family == 4 else icmp6
        matches = [f"-p {name}", f"! -p {name}"]
        for kind in _TYPES[family]:
            matches.append(f"-p {name} -m {module} --{option} {kind}")
            if kind != "any":
                matches.append(f"-p {name} -m {module} ! --{option} {kind}")

        def steps(ttl, f=family, m=make):
            return [frame(packet(f, SRC[f], DST[f], m(kind, code), ttl=ttl))
                    for kind, code in _PACKETS[f]] + [frame(packet(f, SRC[f], DST[f], udp(8, 0), ttl=ttl))]
        yield from probes(f"icmp{family}-forward", family, "FORWARD", matches, steps)

        def echo(ttl, f=family, m=make):
            kind = 8 if f == 4 else 128
            return [frame(packet(f, SRC[f], ROUTER[f], m(kind, 0), ttl=ttl)),
                    frame(packet(f, SRC[f], ROUTER[f], m(kind, 0, data=b"x" * 1000), ttl=ttl)),
                    frame(packet(f, SRC[f], ROUTER[f], udp(1, 7099), ttl=ttl))]
        yield from probes(f"icmp{family}-echo", family, "INPUT", matches[:8], echo, prelude=[
            f"-A OUTPUT -p {name} -m {module} --{option} {'0' if family == 4 else '129'}",
                f"-A OUTPUT -p {name} -m {module} --{option} {'3/3' if family == 4 else '1/4'}"])

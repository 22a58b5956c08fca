# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports of tcp, udp and multiport, port 0 included."""

from twin.case import probes
from twin.frames import SCTP, icmp, icmp6, raw, tcp, udp
from twin.places import DST, FAMILIES, SRC, packet
from twin.steps import frame

_PORTS = (0, 1, 21, 22, 23, 79, 80, 81, 443, 1023, 1024, 32767, 32768, 65534, 65535)
_RANGES = ("22", "0", "65535", "0:65535", "1:65535", "0:65534", "22:80", "1024:", ":1023", "80:80")


def cases():
    for family in FAMILIES:
        for name, make in (("tcp", tcp), ("udp", udp)):
            matches = [f"-p {name}", f"! -p {name}"]
            for flag in ("--sport", "--dport"):
                for value in _RANGES:
                    matches.append(f"-p {name} -m {name} {flag} {value}")
                    if value != "0:65535":  # 1.8.9 drops an inverted full range
                        matches.append(f"-p {name} -m {name} ! {flag} {value}")
            matches += [f"-p {name} -m {name} --sport 1024: --dport 22", f"-p {name} -m {name} ! --sport 1024: --dport 22:80"]

            def steps(ttl, f=family, m=make):
                packets = [m(4000, port) for port in _PORTS] + [m(port, 80) for port in (0, 22, 1023, 1024, 65535)]
                other = udp(22, 22) if m is tcp else tcp(22, 22)
                packets += [other, icmp(8) if f == 4 else icmp6(128), raw(SCTP, bytes.fromhex("00160016") + bytes(20))]
                return [frame(packet(f, SRC[f], DST[f], l4, ttl=ttl)) for l4 in packets]
            yield from probes(f"{name}{family}-ports", family, "FORWARD", matches, steps)

        lists = ("22", "22,80", "22,80,443,1,0,65535", "20:23,80,1024:32767", "0:1", "65534:65535", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,81")
        matches = []
        for proto in ("tcp", "udp"):
            for flag in ("--sports", "--dports", "--ports"):
                for value in lists if proto == "tcp" else lists[2:4]:
                    matches += [f"-p {proto} -m multiport {flag} {value}", f"-p {proto} -m multiport ! {flag} {value}"]
        matches.append("-p sctp -m multiport --dports 22,80")

        def steps(ttl, f=family):
            packets = [tcp(4000, port) for port in _PORTS] + [tcp(port, 4000) for port in (0, 22, 80, 65535)] + [udp(4000, port)
                for port in (21, 80, 2000)]
            packets += [udp(22, 9), raw(SCTP, bytes.fromhex("00010016") + bytes(20)), icmp(8) if f == 4 else icmp6(128)]
            return [frame(packet(f, SRC[f], DST[f], l4, ttl=ttl)) for l4 in packets]
        yield from probes(f"multiport{family}", family, "FORWARD", matches, steps)

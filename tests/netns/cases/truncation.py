# SPDX-License-Identifier: GPL-2.0-or-later
"""Transport headers cut short: a hotdrop where the match needs more than there is, no match elsewhere."""

from twin.case import probes
from twin.frames import icmp, icmp6, raw, tcp, udp
from twin.places import DST, FAMILIES, SRC, packet
from twin.steps import frame


def cases():
    for family in FAMILIES:
        kind = ("icmp", "icmp-type", 8) if family == 4 else ("ipv6-icmp", "icmpv6-type", 128)
        matches = ["-p tcp", "! -p tcp", "-p tcp --dport 80", "-p tcp ! --dport 80", "-p tcp --sport 4000", "-p tcp --syn",
                   "-p tcp ! --syn", "-p tcp --tcp-option 2",
                   "-p tcp ! --tcp-option 2", "-p tcp -m tcp", "-p udp", "-p udp --dport 53", "-p udp ! --dport 53", "-p udp -m udp",
                   "-p tcp -m multiport --dports 80",
                   "-p tcp -m multiport ! --dports 80", "-p udp -m multiport --ports 53", f"-p {kind[0]} --{kind[1]} {kind[2]}",
                   f"-p {kind[0]} ! --{kind[1]} {kind[2]}",
                   f"-p {kind[0]}", "-s 0.0.0.0/0" if family == 4 else "-s ::/0", "-p sctp -m multiport --dports 80"]

        def steps(ttl, f=family, echo=kind[2]):
            cuts = [(l4, size) for l4 in (tcp(4000, 80), udp(4000, 53), (icmp if f == 4 else icmp6)(echo),
                                          raw(132, bytes.fromhex("0fa00050"))) for size in
                    (0, 1, 2, 3, 4, 7, 8, 12, 13, 14, 19, 20) if size <= len(l4.data)]
            cuts += [(tcp(4000, 80, options=b"\2\4\5\xb4\1\1\1\1"), size) for size in (20, 21, 22, 24, 25, 27, 28)]
            return [frame(packet(f, SRC[f], DST[f], l4, ttl=ttl, cut=size)) for l4, size in cuts]
        yield from probes(f"truncated{family}", family, "FORWARD", matches, steps)

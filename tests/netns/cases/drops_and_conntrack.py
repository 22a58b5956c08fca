# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet that a rule drops has been through conntrack first: it refreshes, answers and closes connections all the same. Dropping
it before conntrack would change the fate of later packets."""

from twin import ext6
from twin.case import Case, filter_table, table
from twin.frames import fragments4, icmp, icmp6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame


def _conversation(family):
    """Packets marked with TOS 0x10 are those that the rules drop."""
    def out(l4, tos=0, **more):
        return frame(packet(family, SRC[family], DST[family], l4, tos=tos, **more))

    def back(l4, tos=0, **more):
        return frame(packet(family, DST[family], SRC[family], l4, tos=tos, **more), "B")

    def inward(l4, tos=0):
        return frame(packet(family, SRC[family], ROUTER[family], l4, tos=tos))
    echo, request, reply = (icmp, 8, 0) if family == 4 else (icmp6, 128, 129)
    steps = [out(udp(1000, 53)), back(udp(53, 1000), 0x10), out(udp(1000, 53)),
             out(udp(1000, 53))]  # a reply that is dropped makes it ESTABLISHED
    steps += [out(udp(1001, 53), 0x10), back(udp(53, 1001)),
              out(udp(1001, 53))]                     # a first packet that is dropped leaves nothing
    steps += [out(tcp(1000, 80, "S", seq=100)), back(tcp(80, 1000, "SA", seq=500, ack=101), 0x10),
              out(tcp(1000, 80, "A", seq=101, ack=501)),
              back(tcp(80, 1000, "R", seq=501), 0x10), out(tcp(1000, 80, "A", seq=101, ack=501)),
              back(tcp(80, 1000, "A", seq=501, ack=101))]
    steps += [out(tcp(1001, 80, "S", seq=100)), back(tcp(80, 1001, "SA", seq=500, ack=101)), out(tcp(1001, 80, "A", seq=101, ack=501)),
              out(tcp(1001, 80, "FA", seq=101, ack=501), 0x10), back(tcp(80, 1001, "FA", seq=501, ack=102), 0x10),
              out(tcp(1001, 80, "A", seq=102, ack=502)),
              out(tcp(1001, 80, "S", seq=90000)), out(tcp(1001, 80, "A", seq=90001, ack=1))]
    steps += [out(tcp(1002, 80, "S", seq=100), 0x10), back(tcp(80, 1002, "SA", seq=500, ack=101)), out(tcp(1002, 80, "S", seq=100)),
              out(tcp(1002, 80, "S", seq=100), 0x10)]
    steps += [out(echo(request, rest=b"\0\5\0\1")), back(echo(reply, rest=b"\0\5\0\1"), 0x10), out(echo(request, rest=b"\0\5\0\2"))]
    steps += [inward(udp(2000, 7000), 0x10), inward(udp(2000, 7000)), inward(udp(2000, 7000), 0x10), inward(udp(2000, 7000))]
    steps += [Datagram(family, DST[family], 53),
              frame(packet(family, DST[family], {4: "10.2.0.1", 6: "fd00:2::1"}[family], udp(53, 4000), tos=0x10), "B"),
              Datagram(family, DST[family], 53)]
    whole = packet(family, SRC[family], DST[family], udp(1003, 53, b"f" * 100), tos=0x10)
    pieces = fragments4(whole, 48) if family == 4 else ext6.fragments(whole, 99, 48)
    steps += [frame(piece) for piece in pieces] + [out(udp(1003, 53))]
    return steps


def cases():
    states = [f"-m conntrack --ctstate {state}" for state in ("INVALID", "NEW", "ESTABLISHED", "RELATED")]
    status = [f"-m conntrack --ctstatus {bit}" for bit in ("SEEN_REPLY", "ASSURED")]
    drop = "-m tos --tos 0x10/0xff -j DROP"
    for family in FAMILIES:
        def made(name, *lines, more="", f=family):
            return Case(f"dropped-but-tracked{f}-{name}", {f: filter_table(*lines) + more}, _conversation(f), listen=[(f, "udp", 7000)])
        count = [f"-A {chain} {match}" for chain in ("FORWARD", "INPUT", "OUTPUT") for match in states + status]
        yield made("filter", f"-A FORWARD {drop}", f"-A INPUT {drop}", *count)
        yield made("filter-behind", *count, f"-A FORWARD {drop}", f"-A INPUT {drop}")
        yield made("mangle", *count, more=table("mangle", f"-A PREROUTING {drop}"))
        yield made("raw", *count, more=table("raw", f"-A PREROUTING {drop}"))  # before conntrack: this one leaves no trace
        yield made("accepts-established", "-A FORWARD -m conntrack --ctstate ESTABLISHED -m tos ! --tos 0x10/0xff -j ACCEPT",
                   f"-A FORWARD {drop}", f"-A INPUT {drop}",
                   "-A FORWARD -m conntrack --ctstate NEW", "-A INPUT -m conntrack --ctstate NEW",
                   "-A INPUT -m conntrack --ctstate ESTABLISHED")
        yield made("addresses", f"-A FORWARD -s {DST[family]} -p udp -j DROP", f"-A FORWARD -d {SRC[family]} -p tcp -j DROP", *count)
        # Only the other family or another table needs conntrack: it is on for the whole namespace then.
        other = 10 - family
        yield Case(f"dropped-but-tracked{family}-elsewhere",
                   {family: filter_table(f"-A FORWARD {drop}", f"-A INPUT {drop}", "-A FORWARD -p udp", "-A FORWARD -p tcp"),
                                                            other: filter_table("-A INPUT -m conntrack --ctstate NEW")},
                   _conversation(family), listen=[(family, "udp", 7000)])

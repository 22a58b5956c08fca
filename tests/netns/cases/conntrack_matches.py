# SPDX-License-Identifier: GPL-2.0-or-later
"""Every option of conntrack, state and connmark, on connections made of crafted packets."""

from twin.case import Case, filter_table, table
from twin.frames import icmp, icmp6, raw, tcp, udp
from twin.places import DST, DST2, FAMILIES, ROUTER, SRC, SRC2, packet
from twin.steps import Datagram, frame


def _dialogue(family):
    """Forwarded UDP, TCP and ping with replies, broken ones, local ones."""
    def out(l4, src=SRC, dst=DST, **more):
        return frame(packet(family, src[family], dst[family], l4, **more))

    def back(l4, src=DST, dst=SRC, **more):
        return frame(packet(family, src[family], dst[family], l4, **more), "B")
    echo, request, reply = (icmp, 8, 0) if family == 4 else (icmp6, 128, 129)
    steps = [out(udp(1000, 53)), out(udp(1000, 53)), back(udp(53, 1000)), out(udp(1000, 53)), back(udp(53, 1001)), out(udp(1000, 54)),
             out(udp(0, 0)), out(udp(1, 65535))]
    steps += [out(tcp(1000, 80, "S", seq=100)), back(tcp(80, 1000, "SA", seq=500, ack=101)), out(tcp(1000, 80, "A", seq=101, ack=501)),
              out(tcp(1000, 80, "PA", b"hello", seq=101, ack=501)), back(tcp(80, 1000, "A", seq=501, ack=106)),
              out(tcp(1000, 80, "A", b"far", seq=900000000, ack=501)),  # out of window: INVALID
              back(tcp(80, 1000, "SF", seq=501, ack=106)), out(tcp(1000, 80, "FA", seq=106, ack=501)),
              back(tcp(80, 1000, "FA", seq=501, ack=107)),
              out(tcp(1000, 80, "A", seq=107, ack=502)), out(tcp(1000, 80, "S", seq=70000)), out(tcp(1001, 80, "A", seq=5, ack=5)),
              out(tcp(1002, 80, 0)), out(tcp(1003, 80, "SR")),
              out(tcp(1004, 80, "S")), back(tcp(80, 1004, "RA", ack=1001)), out(tcp(1005, 80, "R")), out(tcp(1006, 80, "FPU")),
              out(tcp(1007, 80), bad=True), out(udp(1007, 80), bad=True),
              out(tcp(1008, 80), cut=10), out(udp(1008, 80), cut=4)]
    steps += [out(echo(request, rest=b"\0\5\0\1")), back(echo(reply, rest=b"\0\5\0\1")), back(echo(reply, rest=b"\0\6\0\1")),
              out(echo(reply, rest=b"\0\5\0\2"))]
    steps += [out(raw(132, bytes(24))), out(raw(47, bytes(24))), back(raw(47, bytes(24))), out(raw(253, b"abc")),
              out(udp(9, 9), SRC2, DST2)]
    steps += [frame(packet(family, SRC[family], ROUTER[family], l4))
              for l4 in (udp(2000, 7000), udp(2000, 7000), tcp(2000, 8000, "S"), tcp(2000, 8000, "A", seq=1001), udp(2000, 99))]
    steps += [Datagram(family, DST[family], 53), Datagram(family, DST[family], 53)]
    steps += [frame(packet(family, DST[family], ROUTER[family].replace("10.1", "10.2").replace("fd00:1:", "fd00:2:"), udp(53, 4000)), "B")]
    return steps


def _options(family):
    s, d, full, net = SRC[family], DST[family], {4: 32, 6: 128}[family], {4: "10.20.0.0/24", 6: "fd00:20::/64"}[family]
    yield from (f"--ctstate {state}" for state in ("INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED", "SNAT", "DNAT",
                                                   "NEW,ESTABLISHED", "INVALID,UNTRACKED", "RELATED,ESTABLISHED,DNAT"))
    yield from (f"--ctproto {proto}" for proto in (6, 17, "icmp" if family == 4 else "ipv6-icmp", 47, 253))
    yield from (f"--ctorigsrc {s}/{full}", f"--ctorigdst {d}/{full}", f"--ctorigdst {net}", f"--ctreplsrc {d}/{full}",
                f"--ctrepldst {s}/{full}", f"--ctreplsrc {net}")
    yield from ("--ctorigsrcport 1000", "--ctorigsrcport 1000:1003", "--ctorigsrcport 0", "--ctorigdstport 53", "--ctorigdstport 53:80",
                "--ctorigdstport 65535",
                "--ctreplsrcport 53", "--ctreplsrcport 80:90", "--ctrepldstport 1000", "--ctrepldstport 0:65535")
    yield from ("--ctstatus NONE", "--ctstatus EXPECTED", "--ctstatus SEEN_REPLY", "--ctstatus ASSURED", "--ctstatus CONFIRMED",
                "--ctstatus SEEN_REPLY,ASSURED")
    yield from ("--ctexpire 1:100", "--ctexpire 0", "--ctexpire 100:1000000", "--ctexpire 1000000:")
    yield "--ctstate NEW --ctproto 17 --ctorigdstport 53"
    yield f"--ctorigsrc {s} --ctorigdst {d} --ctorigdstport 80"


def _inverted(option):
    return option if option.startswith("--ctstate NEW --ct") or option.startswith("--ctorigsrc") and " --ctorigdst " in option else "! " + option


def cases():
    for family in FAMILIES:
        listen = [(family, "udp", 7000), (family, "tcp", 8000)]
        options = list(_options(family))
        both = [*options, *(_inverted(option) for option in options)]
        both += ["--ctdir ORIGINAL", "--ctdir REPLY", "--ctstate ESTABLISHED --ctdir REPLY",
                 "--ctstate NEW,ESTABLISHED --ctdir ORIGINAL ! --ctproto 17"]
        for chain in ("FORWARD", "INPUT", "OUTPUT"):
            yield Case(f"conntrack{family}-{chain.lower()}",
                       {family: filter_table(*(f"-A {chain} -m conntrack {option}" for option in both))}, _dialogue(family), listen=listen)
        yield Case(f"conntrack{family}-prerouting", {family: table("mangle", *(f"-A PREROUTING -m conntrack {option}" for option in both))},
                   _dialogue(family), listen=listen)
        yield Case(f"conntrack{family}-raw", {family: table("raw", *(f"-A PREROUTING -m conntrack {option}" for option in both))},
                   _dialogue(family), listen=listen)
        states = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "INVALID,NEW", "RELATED,ESTABLISHED"]
        yield Case(f"state{family}",
                   {family: filter_table(*(f"-A {chain} -m state {no}--state {state}" for chain in ("FORWARD", "INPUT", "OUTPUT")
                                           for state in states for no in ("", "! ")))},
                   _dialogue(family), listen=listen)
        marks = ["--mark 0", "--mark 1", "! --mark 1", "! --mark 0", "--mark 0/0xff", "--mark 0x10/0xf0"]
        yield Case(f"connmark{family}",
                   {family: filter_table(*(f"-A {chain} -m connmark {mark}" for chain in ("FORWARD", "INPUT") for mark in marks))},
                   _dialogue(family), listen=listen)

        host = ["-A INPUT -m conntrack --ctstate INVALID -j DROP", "-A INPUT -i lo -j ACCEPT",
                "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "-A INPUT -p udp --dport 7000 -m conntrack --ctstate NEW -j ACCEPT",
                "-A INPUT -p tcp --dport 8000 --syn -m conntrack --ctstate NEW -j ACCEPT",
                "-A FORWARD -m conntrack --ctstate INVALID -j LOG", "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
                "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT",
                "-A FORWARD -i eth0 -o eth1 -p tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT",
                "-A FORWARD -i eth0 -p udp -m multiport --dports 53,54 -j ACCEPT",
                "-A FORWARD -i eth0 -j REJECT"]
        yield Case(f"stateful-host{family}", {family: filter_table(*host, policies={"INPUT": "DROP", "FORWARD": "DROP"})},
                   _dialogue(family), listen=listen)
        drops = ["-A FORWARD -p udp --dport 53 -m conntrack --ctstate NEW -j DROP",
                 "-A FORWARD -p tcp -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j DROP",
                 "-A FORWARD -m conntrack --ctstatus ASSURED -j DROP",
                 "-A OUTPUT -p udp -m conntrack --ctstate NEW -j DROP"]
        yield Case(f"conntrack{family}-drop", {family: filter_table(*drops)}, _dialogue(family), listen=listen)

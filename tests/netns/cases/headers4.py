# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4 options, TTL, TOS, DSCP, length, protocols by number, lies about lengths, padding, TTL 1."""

from twin.case import Case, filter_table, probes
from twin.frames import icmp, ip4, raw, tcp, udp
from twin.places import DST, ROUTER, SRC
from twin.steps import frame

_OPTIONS = (b"", b"\1\1\1\1", b"\x94\4\0\0", b"\x07\x07\x04" + bytes(5), b"\x44\x08\x09\0" + bytes(4), b"\x82\x0b" + bytes(9),
            b"\x83\x07\x04\x0a\x14\0\x09\0", b"\1" * 40,
            b"\0\0\0\0", b"\x07\xff\x04\0", b"\x07\x01\0\0")


def _both(options):
    return [*options, *(f"{text.rsplit('--', 1)[0]}! --{text.rsplit('--', 1)[1]}" for text in options)]


def cases():
    matches = ["-p tcp --dport 80", "-p tcp ! --dport 80", "-p udp --dport 53", "-p icmp --icmp-type 8", "! -f", "-m length --length 40",
               "-m length --length 44:80"]
    yield from probes("ip-options", 4, "FORWARD", matches, lambda ttl: [
        frame(ip4(SRC[4], DST[4], l4, ttl=ttl, options=option)) for option in _OPTIONS for l4 in (tcp(4000, 80), udp(4000, 53), icmp(8))])
    yield from probes("ip-options-input", 4, "INPUT", matches[:4], lambda ttl: [
        frame(ip4(SRC[4], ROUTER[4], l4, ttl=ttl, options=option)) for option in _OPTIONS
            for l4 in (tcp(4000, 80), udp(4000, 53), icmp(8))])

    ttls = ["-m ttl --ttl-eq 64", "-m ttl --ttl-lt 64", "-m ttl --ttl-gt 64", "-m ttl --ttl-eq 0", "-m ttl --ttl-gt 254",
            "-m ttl --ttl-lt 1", "-m ttl ! --ttl-eq 64",
            "-m ttl --ttl-eq 254", "-m ttl --ttl-gt 0"]
    values = (0, 1, 2, 3, 63, 64, 65, 66, 127, 128, 254, 255)
    for chain, target in (("FORWARD", DST[4]), ("INPUT", ROUTER[4])):
        yield from probes(f"ttl-{chain.lower()}", 4, chain, ttls, lambda tos,
                          t=target: [frame(ip4(SRC[4], t, udp(1, 2), ttl=value, tos=tos)) for value in values], select="tos")

    tos = _both(["-m tos --tos 0x10", "-m tos --tos 0x10/0x3f", "-m tos --tos 0x00", "-m tos --tos 0xff", "-m tos --tos 0x00/0xe0",
                 "-m dscp --dscp 0x00", "-m dscp --dscp 0x2e",
                 "-m dscp --dscp 0x3f", "-m dscp --dscp-class AF11", "-m tos --tos Minimize-Delay", "-m tos --tos 0x01/0x03"])
    yield from probes("tos", 4, "FORWARD", tos, lambda ttl: [
        frame(ip4(SRC[4], DST[4], udp(1, 2), ttl=ttl, tos=value))
                                                             for value in (0, 1, 2, 3, 4, 0x08, 0x10, 0x11, 0x14, 0x28, 0x29, 0xB8, 0xBB,
                                                                 0xE0, 0xFC, 0xFF)])

    lengths = ["28", "29", "0:27", "28:28", "29:100", "0", "1500", "100:1499", "65535", "0:65535", ":28", "29:"]
    yield from probes("length", 4, "FORWARD", _both([f"-m length --length {value}" for value in lengths]), lambda ttl: [
        frame(ip4(SRC[4], DST[4], udp(1, 2, b"x" * size), ttl=ttl), pad=pad) for size in (0, 1, 2, 71, 72, 73, 1471, 1472)
            for pad in (0, 18) if size < 1400 or not pad])

    protocols = ["-p 0", "-p 1", "-p 6", "! -p 6", "-p 17", "-p 47", "-p 50", "-p 51", "-p 132", "! -p 132", "-p 253", "-p 255", "! -p 255",
                 "-p all", "-p 41"]
    yield from probes("protocols4", 4, "FORWARD", [text for text in protocols if text != "-p 0"], lambda ttl: [
        frame(ip4(SRC[4], DST[4], raw(number, bytes(24)), ttl=ttl)) for number in (0, 1, 2, 4, 6, 17, 41, 47, 50, 51, 132, 253, 255)])

    lies = [dict(total=19), dict(total=20), dict(total=27), dict(total=39), dict(total=40), dict(total=41), dict(total=65535),
            dict(total=0), dict(ihl=4), dict(ihl=6),
            dict(ihl=15), dict(ihl=0)]
    yield Case("lengths-that-lie",
               {4: filter_table("-A FORWARD -p tcp --dport 80", "-A FORWARD -p udp --dport 80",
                                "-A FORWARD -p tcp --dport 80 -m length --length 41 -j DROP")},
               [frame(ip4(SRC[4], DST[4], l4, **lie), pad=pad) for lie in lies for l4 in (tcp(1, 80), udp(1, 80, b"x" * 12))
                for pad in (0, 30)]
               + [frame(ip4(SRC[4], DST[4], udp(1, 80))[:size]) for size in (1, 4, 19, 20, 24, 28)]
               + [frame(ip4(SRC[4], DST[4], udp(1, 80)), kind=0x86DD)]
               + [frame(b"\x65" + ip4(SRC[4], DST[4], udp(1, 80))[1:], kind=0x0800), frame(ip4(SRC[4], DST[4], udp(1, 80)), kind=0x0806)]
               + [frame(ip4(SRC[4], DST[4], udp(1, 80), bad=True)), frame(ip4(SRC[4], DST[4], tcp(1, 80), bad=True))])
    yield Case("ttl-expires4",
               {4: filter_table("-A FORWARD -p udp", "-A OUTPUT -p icmp --icmp-type 11", "-A OUTPUT -p icmp -m ttl --ttl-eq 64",
                                "-A FORWARD -m ttl --ttl-eq 1 -j DROP",
                                                "-A FORWARD -m ttl --ttl-eq 2 -j DROP")},
               [frame(ip4(SRC[4], DST[4], udp(1, 2), ttl=ttl)) for ttl in (0, 1, 2, 3)])

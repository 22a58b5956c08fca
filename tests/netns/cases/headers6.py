# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 extension headers before the transport header, broken ones, hop limit, traffic class, length."""

from twin import ext6
from twin.case import Case, filter_table, probes
from twin.frames import icmp6, ip6, raw, tcp, udp
from twin.places import DST, ROUTER, SRC
from twin.steps import frame

_DEST, _RH, _AH, _HOP = ext6.options(), ext6.routing(), ext6.ah(), ext6.hop()
_CHAINS = ((), (_HOP,), (_DEST,), (_RH,), (_AH,), (_HOP, _DEST), (_HOP, _DEST, _RH, _AH, _DEST), (_DEST,) * 6, (_DEST,) * 7, (_DEST,) * 8,
           (_DEST,) * 10,
           (_HOP, *(_DEST,) * 9), (_AH,) * 4, (ext6.ah(1),), (ext6.ah(255),), (ext6.options(words=8),), (ext6.fragment(),),
           (_HOP, ext6.fragment()), (ext6.fragment(), _DEST),
           (ext6.routing(0),), (ext6.routing(4),), (ext6.options(ext6.MOBILITY),), (_DEST, _HOP), (ext6.fragment(), ext6.fragment()),
           (ext6.options(words=30),) * 3)
_MATCHES = ["-p tcp", "! -p tcp", "-p tcp --dport 80", "-p tcp ! --dport 80", "-p tcp --syn", "-p udp", "-p udp --dport 53", "! -p udp",
            "-p ipv6-icmp --icmpv6-type 128",
            "-p ipv6-icmp", "-p 59", "-p 60", "-p 51", "! -p 59", "-p 135", "-p udp -m multiport --dports 53", "-p 44"]


def cases():
    def steps(ttl):
        return [frame(ip6(SRC[6], DST[6], l4, hop=ttl, ext=chain)) for chain in _CHAINS
                for l4 in (tcp(4000, 80), udp(4000, 53), icmp6(128), raw(ext6.NONE))]
    yield from probes("extension-headers", 6, "FORWARD", _MATCHES, steps)

    def inward(ttl):
        return [frame(ip6(SRC[6], ROUTER[6], l4, hop=ttl, ext=chain)) for chain in _CHAINS[:15] for l4 in (udp(4000, 53), icmp6(128))]
    yield from probes("extension-headers-input", 6, "INPUT", _MATCHES[:9], inward)

    def broken(ttl):
        packets = [ip6(SRC[6], DST[6], udp(4000, 53), hop=ttl, ext=chain, cut=cut)
                   for chain in ((_DEST,), (_HOP,), (_RH,), (_AH,), (_DEST, _DEST), (ext6.fragment(),), (_DEST, _AH))
                   for cut in (0, 1, 2, 4, 7, 8, 9, 15, 16, 20, 24, 27)]
        packets += [ip6(SRC[6], DST[6], udp(4000, 53), hop=ttl,
                        ext=[ext6.Ext(60, lambda following, words=words: bytes([following, words, 1, 4]) + bytes(4))])
                    for words in (1, 2, 255)]
        packets += [ip6(SRC[6], DST[6], udp(4000, 53), hop=ttl, plen=plen) for plen in (0, 1, 7, 8, 14, 16, 100, 65535)]
        packets += [ip6(SRC[6], DST[6], udp(4000, 53), hop=ttl)[:size] for size in (1, 20, 39, 40, 44)]
        return [frame(packet, kind=0x86DD) for packet in packets]
    yield from probes("extension-headers-broken", 6, "FORWARD", _MATCHES[:12], broken)

    def both(options):
        return [*options, *(f"{text.rsplit('--', 1)[0]}! --{text.rsplit('--', 1)[1]}" for text in options)]
    limits = ["-m hl --hl-eq 64", "-m hl --hl-lt 64", "-m hl --hl-gt 64", "-m hl --hl-gt 254", "-m hl --hl-lt 1", "-m hl ! --hl-eq 64",
              "-m hl --hl-eq 0"]
    for chain, target in (("FORWARD", DST[6]), ("INPUT", ROUTER[6])):
        yield from probes(f"hl-{chain.lower()}", 6, chain, limits, lambda tos, t=target: [
            frame(ip6(SRC[6], t, udp(1, 2), hop=value, tclass=tos)) for value in (0, 1, 2, 3, 63, 64, 65, 66, 254, 255)], select="tos")
    tos = both(["-m tos --tos 0x10", "-m tos --tos 0x10/0x3f", "-m tos --tos 0x00", "-m tos --tos 0xff", "-m tos --tos 0x00/0xe0",
                "-m dscp --dscp 0x2e", "-m dscp --dscp 0x00"])
    yield from probes("tclass", 6, "FORWARD", tos, lambda ttl: [
        frame(ip6(SRC[6], DST[6], udp(1, 2), hop=ttl, tclass=value, flow=0xFFFFF)) for value in (0, 1, 3, 0x10, 0x14, 0xB8, 0xBB, 0xFF)])
    lengths = both([f"-m length --length {value}" for value in ("48", "49", "0:47", "40:48", "8", "49:", "1500")])
    yield from probes("length6", 6, "FORWARD", lengths, lambda ttl: [
        frame(ip6(SRC[6], DST[6], udp(1, 2, b"x" * size), hop=ttl, ext=chain), pad=pad) for size in (0, 1, 1452) for pad in (0, 6)
                                                                     for chain in ((), (_DEST,)) if size < 1452 or not (chain or pad)])
    yield Case("hop-limit-expires",
               {6: filter_table("-A FORWARD -p udp", "-A OUTPUT -p ipv6-icmp --icmpv6-type 3", "-A FORWARD -m hl --hl-eq 1 -j DROP",
                                "-A FORWARD -m hl --hl-eq 2 -j DROP")},
               [frame(ip6(SRC[6], DST[6], udp(1, 2), hop=hop)) for hop in (0, 1, 2, 3)])

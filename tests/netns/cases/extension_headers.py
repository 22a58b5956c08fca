# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 matches on extension headers: ah, frag, rt, hbh, dst, srh, ipv6header, mh."""

import ipaddress
import struct

from twin import ext6
from twin.case import probes
from twin.frames import ip6, raw, udp
from twin.places import DST, SRC
from twin.steps import frame

_DEST, _HOP, _AH, _RH = ext6.options(), ext6.hop(), ext6.ah(), ext6.routing()


def _routing(kind=0, left=1, count=1, reserved=0, addresses=("fd00:20::77",), words=None):
    body = struct.pack("!I", reserved) + b"".join(ipaddress.IPv6Address(address).packed for address in addresses[:count])
    length = 2 * count if words is None else words
    return ext6.Ext(ext6.ROUTING, lambda following: bytes([following, length, kind, left]) + body)


def _segments(left, last, count, tag=7, words=None):
    body = struct.pack("!BBH", last, 0, tag) + b"".join(ipaddress.IPv6Address(f"fd00:30::{n}").packed for n in range(count))
    return ext6.Ext(ext6.ROUTING, lambda following: bytes([following, 2 * count if words is None else words, 4, left]) + body)


def _fragment(flags, ident, reserved=0):
    return ext6.Ext(ext6.FRAGMENT, lambda following: struct.pack("!BBHI", following, reserved, flags, ident))


def _auth(words, spi, reserved=0):
    return ext6.Ext(ext6.AH, lambda following: struct.pack("!BBHII", following, words, reserved, spi, 1) + bytes(max(words - 1, 0) * 4))


_CHAINS = ((), (_HOP,), (_DEST,), (_RH,), (_AH,), (_HOP, _DEST), (_DEST, _DEST), (_HOP, _DEST, _RH, _AH), (ext6.fragment(),),
           (_HOP, ext6.fragment(0, True)), (ext6.fragment(8),), (ext6.fragment(8), _DEST), (_DEST, ext6.fragment(16, True)), (_DEST,) * 8,
           (ext6.options(words=2), _HOP), (_auth(1, 5), _DEST))
_L4 = (udp(4000, 53), raw(ext6.NONE), raw(50, bytes(16)), raw(50, b"\0"))


def _two_ways(texts):
    return [text.replace("~", mark).strip() for text in texts for mark in ("", "! ")]


def _send(chain, ttl, l4=None, **more):
    return frame(ip6(SRC[6], DST[6], l4 or udp(4000, 53), hop=ttl, ext=chain, **more))


def _broken(kinds, ttl):
    return [_send((kind,), ttl, cut=cut) for kind in kinds for cut in (0, 1, 2, 3, 4, 7, 8, 11, 12, 16, 23, 24)] + [
        _send((_DEST, kind), ttl, cut=cut) for kind in kinds for cut in (4, 8, 9, 12, 16, 20)]


def _headers():
    names = ("hop", "dst", "route", "frag", "auth", "esp", "none", "prot", "hop,dst", "dst,prot", "hop,prot", "frag,prot",
             "hop,dst,route,auth,prot", "dst,frag,prot", "frag,dst,prot")
    matches = _two_ways([f"-m ipv6header ~--header {name}{soft}" for name in names for soft in ("", " --soft")])

    def steps(ttl):
        return [_send(chain, ttl, l4) for chain in _CHAINS for l4 in _L4] + _broken((_DEST, _RH, _AH, ext6.fragment()), ttl)
    return probes("ipv6header", 6, "FORWARD", matches, steps)


def _fragments():
    matches = ["-m frag", *_two_ways(["-m frag ~--fragid 7", "-m frag ~--fragid 5:6", "-m frag ~--fragid 8:", "-m frag ~--fraglen 8"]),
               "-m frag --fragres", "-m frag --fragfirst", "-m frag --fragmore", "-m frag --fraglast", "-m frag --fragid 7 --fragfirst --fragmore"]

    def steps(ttl):
        heads = [_fragment(flags, ident, reserved) for flags in (0, 1, 2, 4, 8, 9, 0xFFF8) for ident in (5, 7, 8, 0xFFFFFFFF)
                 for reserved in (0, 1)]
        out = [_send((head,), ttl) for head in heads] + [_send(chain, ttl) for chain in _CHAINS]
        return out + _broken((ext6.fragment(),), ttl)
    return probes("frag", 6, "FORWARD", matches, steps)


def _authentication():
    matches = ["-m ah", *_two_ways(["-m ah ~--ahspi 256", "-m ah ~--ahspi 1:255", "-m ah ~--ahlen 24", "-m ah ~--ahlen 12", "-m ah ~--ahlen 25",
                                    "-m ah ~--ahlen 0"]), "-m ah --ahres", "-m ah --ahspi 256 ! --ahlen 8 --ahres"]

    def steps(ttl):
        heads = [_auth(words, spi, reserved) for words in (1, 4, 5) for spi in (0, 255, 256, 0xFFFFFFFF) for reserved in (0, 9)]
        out = [_send((head,), ttl) for head in heads] + [_send(chain, ttl) for chain in _CHAINS]
        return out + _broken((_AH,), ttl)
    return probes("ah6", 6, "FORWARD", matches, steps)


def _routes():
    listed = "fd00:20::77,fd00:20::78"
    matches = ["-m rt", *_two_ways(["-m rt ~--rt-type 0", "-m rt ~--rt-type 4", "-m rt ~--rt-segsleft 1", "-m rt ~--rt-segsleft 2:",
                                    "-m rt ~--rt-len 24", "-m rt ~--rt-len 8", "-m rt ~--rt-len 25", "-m rt ~--rt-type 300"]),
               "-m rt --rt-type 0 --rt-0-res", "-m rt --rt-type 0 --rt-0-addrs fd00:20::77", f"-m rt --rt-type 0 --rt-0-addrs {listed}",
               "-m rt --rt-type 0 --rt-0-addrs fd00:20::78 --rt-0-not-strict",
               *(f"-m srh {text}" for text in ("", "--srh-next-hdr 17", "--srh-hdr-len-eq 4", "--srh-segs-left-gt 0", "--srh-last-entry-lt 2",
                                                "--srh-tag 1792", "! --srh-tag 1792", "--srh-psid fd00:30::1", "! --srh-nsid fd00:30::/64",
                                                "--srh-lsid fd00:30::0"))]

    def steps(ttl):
        two = ("fd00:20::77", "fd00:20::78")
        heads = [_routing(), _routing(2), _routing(0, 0), _routing(0, 2), _routing(0, 3, 2, addresses=two), _routing(0, 1, 2, 5, two),
                 _routing(0, 1, 0), _routing(0, 1, 1, words=200), _routing(0, 1, 1, words=3), _segments(1, 1, 2), _segments(0, 1, 2),
                 _segments(2, 1, 2), _segments(0, 0, 1, 9), _segments(1, 2, 3, 1792), _segments(1, 1, 2, words=100)]
        out = [_send((head,), ttl) for head in heads] + [_send((_DEST, head), ttl) for head in heads[:3]]
        return out + [_send(chain, ttl) for chain in _CHAINS] + _broken((_RH, _segments(1, 1, 2)), ttl)
    return probes("rt", 6, "FORWARD", matches, steps)


def _options():
    texts = [text.format(n=name) for name in ("hbh", "dst") for text in ("-m {n} ~--{n}-len 8", "-m {n} ~--{n}-len 24", "-m {n} ~--{n}-len 9")]
    matches = ["-m hbh", "-m dst", *_two_ways(texts),
               *(text.format(n=name) for name in ("hbh", "dst") for text in ("-m {n} --{n}-opts 1:4", "-m {n} --{n}-opts 1", "-m {n} --{n}-opts 5:2,1",
                                                                         "-m {n} ! --{n}-len 16 --{n}-opts 0,0"))]

    def steps(ttl):
        bodies = (b"\5\2\0\0\1\0", b"\0\0\1\2\0\0", b"\1\4\0\0\0\0", b"\1\xff\0\0\0\0")
        heads = [ext6.options(kind, body=body) for kind in (ext6.HOP, ext6.DEST) for body in bodies]
        heads += [ext6.options(kind, words) for kind in (ext6.HOP, ext6.DEST) for words in (1, 2, 3)]
        heads += [ext6.Ext(ext6.DEST, lambda following, words=words: bytes([following, words, 1, 4]) + bytes(4)) for words in (1, 2, 3, 255)]
        out = [_send((head,), ttl) for head in heads] + [_send(chain, ttl) for chain in _CHAINS]
        return out + _broken((_DEST, _HOP), ttl)
    return probes("hbh-dst", 6, "FORWARD", matches, steps)


def _mobility():
    matches = ["-p mobility-header -m mh", "-p mobility-header -m mh --mh-type :",
               *_two_ways([f"-p mobility-header -m mh ~--mh-type {value}" for value in ("5", "1:4", "brr", "7:")])]

    def steps(ttl):
        def header(kind, following=59):
            return raw(ext6.MOBILITY, bytes([following, 0, kind, 0, 0, 0]) + bytes(2))
        out = [_send((), ttl, header(kind)) for kind in (0, 1, 4, 5, 6, 7, 255)] + [_send((), ttl, header(5, 17)), _send((_DEST,), ttl, header(5))]
        out += [_send((), ttl, header(5), cut=cut) for cut in (0, 1, 3, 5, 6)]
        return out + [_send((ext6.fragment(offset, True),), ttl, header(5)) for offset in (0, 8)]
    return probes("mh", 6, "FORWARD", matches, steps)


def cases():
    for made in (_headers, _fragments, _authentication, _routes, _options, _mobility):
        yield from made()

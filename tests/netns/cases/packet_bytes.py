# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches on bytes of the transport header and behind it: ah, esp, ipcomp, dccp, sctp, mh, ecn, tcpmss, u32, string, bpf."""

import struct

from twin import ext6
from twin.case import probes
from twin.frames import AH, ESP, SCTP, fragments4, ip4, ip6, raw, tcp, udp
from twin.places import DST, FAMILIES, SRC
from twin.steps import frame

IPCOMP, DCCP = 108, 33


def _packet(family, l4, ttl, **more):
    if family == 4:
        return ip4(SRC[4], DST[4], l4, ttl=ttl, **more)
    return ip6(SRC[6], DST[6], l4, hop=ttl, **more)


def _ah(spi):
    return raw(AH, struct.pack("!BBHII", 59, 4, 0, spi, 1) + bytes(12))


def _dccp(kind, sport=5000, dport=5001, options=b"\x2c\x04\0\0"):
    return raw(DCCP, struct.pack("!HHBBHBBHII", sport, dport, 5 + len(options) // 4, 0, 0, kind << 1 | 1, 0, 0, 1, 0) + options)


def _sctp(*chunks, sport=5000, dport=3868):
    return raw(SCTP, struct.pack("!HHII", sport, dport, 1, 0) + b"".join(chunks))


def _chunk(kind, flags=0, data=b"", length=None):
    return struct.pack("!BBH", kind, flags, 4 + len(data) if length is None else length) + data + bytes(-len(data) % 4)


def _mss(value, length=4):
    return struct.pack("!BBH", 2, length, value)


_SPIS = (0, 1, 255, 256, 257, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_BOUNDS = ("256", "1:256", "0:255", "256:", "0x80000000:", ":", "4294967295")


def _ranges(text):  # 1.8.9 doesn't save `! :`
    return [text.format(mark=mark, bound=bound) for mark in ("", "! ") for bound in _BOUNDS if mark == "" or bound != ":"]


def _cut(family, l4, ttl, sizes):
    return [frame(_packet(family, l4, ttl, cut=size)) for size in sizes]


def _later_fragments(family, l4, ttl):
    if family == 4:
        return [frame(_packet(4, l4, ttl, flags=1)), frame(_packet(4, l4, ttl, offset=8)), frame(_packet(4, l4, ttl, offset=16, flags=1))]
    return [frame(_packet(6, l4, ttl, ext=[ext6.fragment(offset, more)])) for offset, more in ((0, True), (8, False), (16, True))]


def _ipsec(family):
    matches = ["-p esp", "-p esp -m esp", *_ranges("-p esp -m esp {mark}--espspi {bound}"),
               "-p ipcomp -m ipcomp --ipcompspi 5", "-p ipcomp -m ipcomp ! --ipcompspi 5", "-p ipcomp -m ipcomp --ipcompspi 5:70000",
               "-p ipcomp -m ipcomp --ipcompspi 1: --compres", "-p ipcomp -m ipcomp"]
    if family == 4:
        matches += ["-p ah -m ah", *_ranges("-p ah -m ah {mark}--ahspi {bound}")]

    def steps(ttl):
        esp = [raw(ESP, struct.pack("!II", spi, 1) + bytes(8)) for spi in _SPIS]
        comp = [raw(IPCOMP, struct.pack("!BBH", 6, 0, cpi) + bytes(4)) for cpi in (0, 4, 5, 6, 65535)]
        headers = [_ah(spi) for spi in _SPIS] if family == 4 else []
        out = [frame(_packet(family, l4, ttl)) for l4 in esp + comp + headers]
        out += _cut(family, esp[3], ttl, (0, 3, 4, 7, 8)) + _cut(family, comp[2], ttl, (0, 2, 3, 4))
        out += _later_fragments(family, esp[3], ttl) + _later_fragments(family, comp[2], ttl)
        if family == 4:
            out += _cut(family, headers[3], ttl, (0, 4, 8, 11, 12)) + _later_fragments(family, headers[3], ttl)
            out.append(frame(_packet(4, headers[3], ttl, options=b"\1" * 8)))
        else:
            out += [frame(_packet(6, l4, ttl, ext=[ext6.options()])) for l4 in (esp[3], comp[2])]
        return out
    return probes(f"ipsec{family}", family, "FORWARD", matches, steps)


def _dccp_cases(family):
    matches = ["-p dccp -m dccp", "-p dccp -m dccp --sport 5000", "-p dccp -m dccp ! --dport 5001", "-p dccp -m dccp --sport 1:4999",
               "-p dccp -m dccp --dccp-types REQUEST", "-p dccp -m dccp ! --dccp-types REQUEST,RESET", "-p dccp -m dccp --dccp-types INVALID",
               "-p dccp -m dccp --dccp-types DATA,SYNC", "-p dccp -m dccp --dccp-option 44",
               "-p dccp -m dccp --dccp-option 1", "-p dccp -m dccp --dport 5001 ! --dccp-types DATA"]

    def steps(ttl):
        out = [frame(_packet(family, _dccp(kind), ttl)) for kind in range(16)]
        out += [frame(_packet(family, _dccp(0, 4999, 1), ttl)), frame(_packet(family, _dccp(2, options=b"\1\1\1\1"), ttl))]
        return out + _cut(family, _dccp(0), ttl, (0, 2, 4, 8, 11, 12, 16)) + _later_fragments(family, _dccp(0), ttl)
    return probes(f"dccp{family}", family, "FORWARD", matches, steps)


def _sctp_cases(family):
    chunks = ["any INIT", "any DATA,SACK", "any DATA:BE", "any DATA:be,ABORT:T", "all DATA", "all DATA,SACK", "all DATA:Be,SACK",
              "only DATA", "only DATA,SACK", "any ALL", "only ALL", "any NONE", "all NONE", "only NONE", "only DATA:E", "any I_DATA",
              "any ASCONF,FORWARD_TSN"]
    matches = ["-p sctp -m sctp", "-p sctp -m sctp --sport 5000", "-p sctp -m sctp ! --dport 3868", "-p sctp -m sctp --dport 4000:",
               *(f"-p sctp -m sctp --chunk-types {chunk}" for chunk in chunks)]
    inverted = [f"-p sctp -m sctp ! --chunk-types {chunk}" for chunk in chunks]
    data, sack, init, abort = _chunk(0, 3, bytes(12)), _chunk(3, 0, bytes(12)), _chunk(1, 0, bytes(16)), _chunk(6, 1)

    def whole(ttl):
        sets = ((data,), (sack,), (init,), (abort,), (data, sack), (sack, data), (_chunk(0, 0, b"x" * 5), sack), (_chunk(0, 2), data),
                (_chunk(0, 0, b"", 100),), (_chunk(64),), (_chunk(193), _chunk(192)), (data,) * 20)
        return [frame(_packet(family, _sctp(*chosen), ttl)) for chosen in sets] + [frame(_packet(family, _sctp(data, sport=1, dport=5), ttl))]

    def steps(ttl):
        odd = ((), (_chunk(0, 0, b"", 0),), (data, _chunk(3, 0, b"", 0)))
        out = whole(ttl) + [frame(_packet(family, _sctp(*chosen), ttl)) for chosen in odd]
        return out + _cut(family, _sctp(data), ttl, (0, 4, 8, 11, 12, 14, 15, 16, 20)) + _later_fragments(family, _sctp(data), ttl)
    yield from probes(f"sctp{family}", family, "FORWARD", matches, steps)
    yield from probes(f"sctp-inverted{family}", family, "FORWARD", inverted, whole)


def _tcp_cases(family):
    matches = [*(f"-p tcp -m tcpmss {mark}--mss {value}" for value in ("1460", "536:1400", "0", ":65535", "1400:", "65535")
                 for mark in ("", "! ")),
               *(f"-p tcp -m ecn {text}" for text in ("--ecn-tcp-cwr", "! --ecn-tcp-cwr", "--ecn-tcp-ece", "! --ecn-tcp-ece",
                                                      "--ecn-tcp-cwr ! --ecn-tcp-ece", "--ecn-tcp-ece --ecn-ip-ect 0")),
               *(f"-m ecn {mark}--ecn-ip-ect {value}" for value in range(4) for mark in ("", "! "))]
    options = (b"", _mss(1460), _mss(536), _mss(535), _mss(1400), _mss(1401), _mss(0), _mss(65535), b"\1\1" + _mss(1460), b"\0" + _mss(1460),
               b"\3\3\7" + _mss(1460), b"\3\0" + _mss(1460), _mss(1460, 3), _mss(1460, 5) + b"\0", _mss(9, 6) + b"\1\1" + _mss(1460),
               b"\1" * 37 + _mss(1460)[:3], b"\1" * 36 + _mss(1460), b"\3\x28" + _mss(1460), b"\1\1\1\2", b"\1\1\2\4")

    def steps(ttl):
        out = [frame(_packet(family, tcp(1, 2, "S", options=chosen), ttl)) for chosen in options]
        out += [frame(_packet(family, tcp(1, 2, flags, options=_mss(1460)), ttl)) for flags in ("SE", "SC", "SEC", "A", 0)]
        out += [frame(_packet(family, tcp(1, 2, "S", options=_mss(1460), doff=words), ttl)) for words in (0, 4, 5, 7, 15)]
        out += [frame(_packet(family, tcp(1, 2), ttl, **({"tos": ecn} if family == 4 else {"tclass": ecn}))) for ecn in (1, 2, 3, 0x10, 0xFF)]
        whole = tcp(1, 2, "SEC", options=_mss(1460))
        out += _cut(family, whole, ttl, (0, 12, 13, 14, 19, 20, 23, 24)) + _later_fragments(family, whole, ttl)
        return out + [frame(_packet(family, udp(1, 2), ttl))]
    return probes(f"tcp-bytes{family}", family, "FORWARD", matches, steps)


_U32 = {4: ["6&0xFF=17", "0>>22&0x3C@0=0x00010002", "0>>22&0x3C@0>>16=1,53:80", "0>>22&0x3C@8=0x61626364", "4&0x1FFF=0&&0>>22&0x3C@2>>16=2",
            "0>>22&0x3C@9=0x62636465", "0=0", "0=0:0xFFFFFFFF", "28=0x61626364", "29=0:0xFFFFFFFF", "36=0:0xFFFFFFFF", "0xFFFFFFFF=0:0xFFFFFFFF",
            "0xFFFFFFFC=0:0xFFFFFFFF", "0x7FFFFFFF=0:0xFFFFFFFF", "12@0=0:0xFFFFFFFF", "0>>22&0x3C@0xFFFFFFFF=0:0xFFFFFFFF", "0<<4>>28=5",
            "0=9:5", "0>>24=0x45&&0>>28=4", "0>>28@0>>24@0=0:0xFFFFFFFF",
            "2&0xFFFF@0xFFFFFFFC=0:0xFFFFFFFF", "2&0xFFFF@0=0:0xFFFFFFFF"],
        6: ["6&0xFF=17", "3&0xFF=17", "4>>8&0xFF=17", "40=0x00010002", "48=0x61626364", "40>>28@48=0x61626364", "0>>28=6", "44&0xFFFF@20=0:0xFFFFFFFF",
            "0xFFFFFFFF=0", "0=0:0xFFFFFFFF", "56=0:0xFFFFFFFF"]}


def _u32_cases(family):
    matches = [f'-m u32 {mark}--u32 "{text}"' for text in _U32[family] for mark in ("", "! ")]

    def steps(ttl):
        out = [frame(_packet(family, udp(1, 2, data), ttl)) for data in (b"", b"abc", b"abcd", b"abcde", b"abcdefgh" * 4)]
        out += [frame(_packet(family, tcp(1, 2), ttl)), frame(_packet(family, udp(53, 2), ttl)), frame(_packet(family, udp(1, 2), ttl, cut=0)),
                frame(_packet(family, udp(1, 2), ttl, cut=3))]
        if family == 4:
            out += [frame(_packet(4, udp(1, 2, b"abcd"), ttl, options=b"\1" * 4)), frame(_packet(4, udp(1, 2, b"abcd"), ttl, offset=16)),
                    *(frame(piece) for piece in fragments4(_packet(4, udp(1, 2, b"abcdefgh" * 4), ttl), 16))]
        return out
    return probes(f"u32-{family}", family, "FORWARD", matches, steps)


def _text_cases(family):
    at = {4: 28, 6: 48}[family]  # of the payload
    kinds = [f'--string "needle" --algo {algo}{more}' for algo in ("bm", "kmp")
             for more in ("", " --icase", f" --from {at}", f" --from {at + 1}", f" --to {at + 6}", f" --to {at + 5}", f" --from {at} --to {at + 6}",
                          " --from 5000", f" --from {at} --to {at}")]
    matches = [f"-m string {mark}{kind}" for kind in kinds for mark in ("", "! ")]
    code = {4: "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0", 6: "4,48 0 0 6,21 0 1 17,6 0 0 1,6 0 0 0"}[family]
    matches += [f'-m bpf --bytecode "{code}"', '-m bpf --bytecode "1,6 0 0 0"', '-m bpf --bytecode "2,48 0 0 60,6 0 0 1"']

    def steps(ttl):
        texts = (b"", b"needle", b"needl", b"NeeDle", b"xneedle", b"neneedle", b"needlneedle", b"x" * 100 + b"needle", b"x" * 1300 + b"needle",
                 b"needle" * 50)
        return [frame(_packet(family, udp(1, 2, text), ttl)) for text in texts] + [frame(_packet(family, tcp(1, 2, data=b"needle"), ttl))]
    return probes(f"text{family}", family, "FORWARD", matches, steps)


def cases():
    for family in FAMILIES:
        for made in (_ipsec, _dccp_cases, _sctp_cases, _tcp_cases, _u32_cases, _text_cases):
            yield from made(family)

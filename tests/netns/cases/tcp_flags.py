# SPDX-License-Identifier: GPL-2.0-or-later
"""--tcp-flags, --syn and --tcp-option."""

from twin.case import probes
from twin.frames import tcp
from twin.places import DST, FAMILIES, SRC, packet
from twin.steps import frame

_FLAGS = ("", "S", "A", "SA", "F", "FA", "R", "RA", "P", "PA", "U", "SF", "SR", "FSRPAU", "FPU", "SE", "SEC", "FSRPAUEC", "EC")


def cases():
    masks = ("SYN SYN", "SYN,ACK SYN", "FIN,SYN,RST,ACK SYN", "ALL NONE", "ALL ALL", "ALL SYN", "FIN,PSH,URG FIN,PSH,URG",
             "SYN,FIN SYN,FIN", "RST RST", "NONE NONE",
             "ACK NONE", "SYN,ACK NONE", "ALL SYN,ACK")
    matches = [f"-p tcp -m tcp --tcp-flags {mask}" for mask in masks] + [f"-p tcp -m tcp ! --tcp-flags {mask}" for mask in masks]
    matches += ["-p tcp --syn", "-p tcp ! --syn", "-p tcp --syn --dport 80", "-p tcp ! --syn --dport 81"]
    for family in FAMILIES:
        yield from probes(f"flags{family}", family, "FORWARD", matches, lambda ttl, f=family: [
            frame(packet(f, SRC[f], DST[f], tcp(4000, 80, flags), ttl=ttl)) for flags in _FLAGS] + [
            frame(packet(f, SRC[f], DST[f], tcp(4000, 80, flags, b"data"), ttl=ttl)) for flags in (0, 2, 0x12, 0xFF)])

        kinds = (2, 3, 4, 8, 1, 30, 253, 255)
        having = [f"-p tcp -m tcp --tcp-option {kind}" for kind in kinds] + [f"-p tcp -m tcp ! --tcp-option {kind}" for kind in kinds]
        having += ["-p tcp -m tcp --tcp-option 2 --syn", "-p tcp -m tcp --tcp-option 2 --dport 81"]
        mss, wscale, sack, stamp = b"\2\4\5\xb4", b"\3\3\7", b"\4\2", b"\x08\x0a" + bytes(8)
        options = (b"", mss, wscale, b"\1\1" + sack, mss + b"\1" + wscale + sack + stamp, b"\1" * 40, b"\1" * 36 + mss, b"\0" + mss, mss
                   + b"\0" + wscale,
                   b"\x08\0" + bytes(2), b"\x08\1" + bytes(2), b"\1\1\1\x08", b"\2\xff\1\1", b"\xfd\4\1\2", b"\xff\2\1\1",
                   b"\1\2\3\4\5\6\7\x08")
        yield from probes(f"tcp-option{family}", family, "FORWARD", having, lambda ttl, f=family, o=options: [
            frame(packet(f, SRC[f], DST[f], tcp(4000, 80, "S", options=option), ttl=ttl)) for option in o] + [
            frame(packet(f, SRC[f], DST[f], tcp(4000, 80, "S", doff=words), ttl=ttl)) for words in (0, 4, 6, 15)] + [
            frame(packet(f, SRC[f], DST[f], tcp(4000, 80, "S", b"12345678", doff=7), ttl=ttl))])

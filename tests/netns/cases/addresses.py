# SPDX-License-Identifier: GPL-2.0-or-later
"""-s, -d and iprange: masks, edges, inversion."""

from twin.case import probes
from twin.frames import udp
from twin.places import DST, SRC, packet
from twin.steps import frame

_SOURCES4 = ("10.10.0.0", "10.10.0.1", "10.10.0.5", "10.10.0.127", "10.10.0.128", "10.10.0.255", "10.10.1.0", "10.9.255.255", "10.11.0.0",
             "1.0.0.0", "11.0.0.5", "9.255.255.255", "192.0.2.1", "223.255.255.255", "10.20.0.5")
_SOURCES6 = ("fd00:10::", "fd00:10::1", "fd00:10::5", "fd00:10::ffff", "fd00:10:0:1::", "fd00:10:0:1::5", "fd00:11::5", "fd00:f:ffff::1",
             "2001:db8::1", "fe00::1", "fd00:10::8000:0:0:5", "fd00:10:8000::5", "fd00:10::1:0:0", "fc00::")


def _options(flag, values):
    for value in values:
        yield f"{flag} {value}"
        yield f"! {flag} {value}"


def cases():
    masks4 = ("10.10.0.5", "10.10.0.0/16", "10.10.0.4/31", "10.10.0.128/25", "10.8.0.0/13", "10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1",
              "10.10.0.5/255.0.255.255", "0.0.0.5/0.0.0.255", "10.10.0.0/255.255.1.0")
    ranges4 = ("10.10.0.1-10.10.0.127", "10.10.0.5-10.10.0.5", "0.0.0.0-10.10.0.4", "10.10.0.128-255.255.255.255",
               "0.0.0.0-255.255.255.255")
    matches = [*_options("-s", masks4), "! -s 0.0.0.0/0"]
    ranged = [*_options("--src-range", ranges4)]
    ranged = ["-m iprange " + text for text in ranged] + ["-m iprange --src-range 10.10.0.0-10.10.0.255 --dst-range 10.20.0.5-10.20.0.9",
                                                          "-m iprange --src-range 10.10.0.0-10.10.0.255 ! --dst-range 10.20.0.5-10.20.0.9"]

    def sources4(ttl):
        return [frame(packet(4, source, DST[4], udp(1, 2), ttl=ttl)) for source in _SOURCES4]
    yield from probes("source4", 4, "FORWARD", matches, sources4)
    yield from probes("iprange4", 4, "FORWARD", ranged, sources4)

    masks6 = ("fd00:10::5", "fd00:10::/32", "fd00:10::4/127", "fd00:10::/64", "fd00:10::/65", "fd00:10::/97", "fc00::/7", "::/1",
              "8000::/1", "fd00:10:8000::/33",
              "::5/::ffff", "fd00::5/ffff::ffff")
    ranges6 = ("fd00:10::1-fd00:10::ffff", "fd00:10::5-fd00:10::5", "::-fd00:10::4",
               "fd00:10:0:1::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

    def sources6(ttl):
        return [frame(packet(6, source, DST[6], udp(1, 2), ttl=ttl)) for source in _SOURCES6]
    yield from probes("source6", 6, "FORWARD", [*_options("-s", masks6), "! -s ::/0"], sources6)
    yield from probes("iprange6", 6, "FORWARD", ["-m iprange " + text for text in _options("--src-range", ranges6)], sources6)

    for family, targets in ((4, ("10.20.0.5", "10.20.0.0", "10.20.0.255", "10.21.0.1", "10.10.0.9", "10.1.0.1", "10.1.0.255", "224.0.0.1",
                                 "255.255.255.255")),
                            (6, ("fd00:20::5", "fd00:20::", "fd00:21::1", "fd00:20:1::", "fd00:10::9", "fd00:1::1", "ff02::1"))):
        wanted = {4: ("10.20.0.5", "10.20.0.0/24", "10.0.0.0/8", "224.0.0.0/4", "10.1.0.1"),
                  6: ("fd00:20::5", "fd00:20::/48", "fd00::/16", "ff00::/8", "fd00:1::1")}[family]
        pairs = [*_options("-d", wanted), f"-s {SRC[family]} -d {wanted[0]}", f"! -s {SRC[family]} -d {wanted[0]}",
                 f"-s {SRC[family]} ! -d {wanted[0]}"]
        for chain in ("FORWARD", "INPUT"):
            yield from probes(f"destination{family}-{chain.lower()}", family, chain, pairs, lambda ttl, f=family, t=targets: [
                frame(packet(f, SRC[f], target, udp(1, 7000), ttl=ttl)) for target in t], listen=[(family, "udp", 7000)])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that the IP stack drops or answers before a chain sees them: a rule that drops everything must not count those."""

from twin import ext6
from twin.case import Case, filter_table, table
from twin.frames import ip4, ip6, tcp, udp
from twin.places import DST, ROUTER, SRC
from twin.steps import Datagram, frame

_BROADCAST = "ff:ff:ff:ff:ff:ff"


def _spoilt_checksum(packet):
    return packet[:10] + bytes([packet[10] ^ 1]) + packet[11:]


def _v4():
    sources = ("10.10.0.5", "127.0.0.1", "0.0.0.0", "10.1.0.1", "10.2.0.1", "10.9.9.9", "224.0.0.1", "255.255.255.255", "10.1.0.255",
               "240.0.0.1",
               "10.50.0.1", "0.1.2.3", "169.254.1.1", "10.1.0.2")
    targets = ("10.20.0.5", "10.1.0.1", "10.2.0.1", "127.0.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "224.0.0.5", "239.255.255.255",
               "240.0.0.1",
               "255.255.255.255", "10.1.0.255", "10.1.0.0", "10.2.0.255", "10.50.0.1", "10.51.0.1", "10.52.0.1", "8.8.8.8", "169.254.1.1")
    for target in targets:
        yield frame(ip4(SRC[4], target, udp(1, 9)))
        yield frame(ip4(SRC[4], target, udp(1, 9)), dst=_BROADCAST)
        yield frame(ip4(SRC[4], target, tcp(1, 9)), "B")
    for source in sources:
        for target in (DST[4], ROUTER[4], "10.1.0.255"):
            yield frame(ip4(source, target, udp(1, 9)))
    for target in (DST[4], ROUTER[4]):
        whole = ip4(SRC[4], target, udp(1, 9))
        yield frame(_spoilt_checksum(whole))
        yield frame(_spoilt_checksum(whole), pad=20)
        yield frame(whole, dst="02:00:00:00:77:77")
        yield frame(whole, dst="01:00:5e:00:00:01")
        yield frame(whole, kind=0x0806)
        yield frame(whole, kind=0x86DD)
        for ttl in (0, 1, 2):
            yield frame(ip4(SRC[4], target, udp(1, 9), ttl=ttl))
        for total in (0, 19, 20, 27, 29, 60, 65535):
            yield frame(ip4(SRC[4], target, udp(1, 9, b""), total=total), pad=10)
        for ihl in (0, 4, 6, 15):
            yield frame(ip4(SRC[4], target, udp(1, 9), ihl=ihl))
        for options in (b"\x83\x07\x04\x0a\x14\0\x09\0", b"\x89\x07\x04\x0a\x14\0\x09\0", b"\x83\x0b\x04\x0a\x09\x09\x09\x0a\x14\0\x09",
                        b"\x07\x03\x04\0",
                        b"\x83\x02\x04\0", b"\x82\xff\0\0", b"\x94\4\0\0", b"\xff\0\0\0"):
            yield frame(ip4(SRC[4], target, udp(1, 9), options=options))
        for offset, flags in ((8, 0), (8, 1), (0, 1), (65528, 0), (65528, 1), (0, 4), (0, 6)):
            yield frame(ip4(SRC[4], target, udp(1, 9, b"12345678"), offset=offset, flags=flags, ident=77))
        yield frame(ip4(SRC[4], target, udp(1, 9, b"x" * 1472), flags=2))
        yield frame(ip4(SRC[4], target, udp(1, 9), bad=True))
    yield Datagram(4, DST[4], 9)
    yield Datagram(4, "10.50.0.1", 9)
    yield Datagram(4, "10.51.0.1", 9)


def _v6():
    sources = ("fd00:10::5", "::1", "::", "fd00:1::1", "fd00:2::1", "ff02::1", "fe80::5", "::ffff:10.1.0.2", "::10.1.0.2", "fd00:50::1",
               "2001:db8::1", "ff05::1", "fd00:1::2")
    targets = ("fd00:20::5", "fd00:1::1", "fd00:2::1", "::1", "::", "ff02::1", "ff01::1", "ff05::1", "ff0e::1", "ff00::1", "ff02::2",
               "ff02::1:ff00:1", "fe80::1",
               "fd00:50::1", "fd00:51::1", "fd00:52::1", "::ffff:10.1.0.1", "2001:db8::9", "fd00:1::")
    for target in targets:
        yield frame(ip6(SRC[6], target, udp(1, 9)))
        yield frame(ip6(SRC[6], target, udp(1, 9)), dst="33:33:00:00:00:01")
        yield frame(ip6(SRC[6], target, tcp(1, 9)), "B")
    for source in sources:
        for target in (DST[6], ROUTER[6], "ff02::1"):
            yield frame(ip6(source, target, udp(1, 9)))
    for target in (DST[6], ROUTER[6]):
        whole = ip6(SRC[6], target, udp(1, 9))
        yield frame(whole, dst="02:00:00:00:77:77")
        yield frame(whole, dst=_BROADCAST)
        yield frame(whole, kind=0x0800)
        yield frame(b"\x45" + whole[1:], kind=0x86DD)
        for hop in (0, 1, 2):
            yield frame(ip6(SRC[6], target, udp(1, 9), hop=hop))
        for plen in (0, 1, 7, 8, 14, 16, 65535):
            yield frame(ip6(SRC[6], target, udp(1, 9), plen=plen))
            yield frame(ip6(SRC[6], target, udp(1, 9), plen=plen), pad=20)
        for ext in ((ext6.hop(),), (ext6.options(ext6.HOP, body=b"\xc2\4\0\0\0\0"),), (ext6.options(ext6.HOP, body=b"\x3e\4\0\0\0\0"),),
                    (ext6.options(ext6.HOP, body=b"\x7e\4\0\0\0\0"),), (ext6.options(ext6.HOP, body=b"\xbe\4\0\0\0\0"),),
                    (ext6.options(ext6.HOP, body=b"\xfe\4\0\0\0\0"),), (ext6.options(ext6.HOP, body=b"\5\2\0\0\1\0"),),
                    (ext6.options(ext6.HOP, body=b"\1\xff\0\0\0\0"),),
                    (ext6.options(body=b"\xbe\4\0\0\0\0"),), (ext6.routing(0, 1),), (ext6.routing(2, 1),), (ext6.routing(4, 1),),
                    (ext6.options(), ext6.hop()),
                    (ext6.fragment(8),), (ext6.fragment(0, True),), (ext6.fragment(),), (ext6.ah(),)):
            yield frame(ip6(SRC[6], target, udp(1, 9), ext=ext))
        yield frame(ip6(SRC[6], target, udp(1, 9), bad=True))
    yield Datagram(6, DST[6], 9)
    yield Datagram(6, "fd00:51::1", 9)


def cases():
    every = {name: filter_table(f"-A {name} -j DROP") for name in ("INPUT", "FORWARD")}
    every |= {f"{name}-prerouting": table(name, "-A PREROUTING -j DROP") for name in ("raw", "mangle")}
    every |= {f"{name}-prerouting-udp": table(name, "-A PREROUTING -p udp --dport 9 -j DROP", "-A PREROUTING")
              for name in ("raw", "mangle")}
    every["policies"] = filter_table(policies={"INPUT": "DROP", "FORWARD": "DROP", "OUTPUT": "DROP"})
    every["ports"] = filter_table("-A INPUT -p udp --dport 9 -j DROP", "-A FORWARD -p udp --dport 9 -j DROP", "-A INPUT", "-A FORWARD")
    every["interface"] = filter_table("-A INPUT -i eth0 -j DROP", "-A FORWARD -i eth0 -j DROP", "-A FORWARD -o eth0 -j DROP")
    every["state"] = filter_table("-A INPUT -j DROP", "-A FORWARD -j DROP", "-A OUTPUT -m conntrack --ctstate INVALID")
    every["several"] = (table("raw", "-A PREROUTING", "-A PREROUTING -p tcp -j DROP") + table("mangle", "-A PREROUTING", "-A INPUT",
        "-A FORWARD")
                        + filter_table("-A INPUT -j DROP", "-A FORWARD -j DROP"))
    for family, steps in ((4, list(_v4())), (6, list(_v6()))):
        for name, text in every.items():
            yield Case(f"stack-first{family}-{name.lower()}", {family: text}, steps)

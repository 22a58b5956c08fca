# SPDX-License-Identifier: GPL-2.0-or-later
"""Random packets, aimed at the values that rules.py draws its rules from, some of them odd in every way the stack lets through."""

from . import ext6
from .frames import GRE, SCTP, fragments4, icmp, icmp6, raw, tcp, udp
from .places import DST, SRC, packet
from .rules import ADDRESSES, GIDS, ICMP_TYPES, MARKS, PORTS, TOS, TTLS, UIDS
from .steps import Datagram, RawPacket, frame

_SIZES = (0, 1, 7, 12, 20, 72, 400)
_FLAGS = ("S", "S", "A", "SA", "PA", "FA", "R", "RA", 0, 0x3F, 0xFF, "SF", "SE")
_TCP_OPTIONS = (b"", b"", b"\2\4\5\xb4", b"\2\4\5\xb4\1\3\3\7", b"\x08\x0a" + bytes(8), b"\1" * 40, b"\x08\0", b"\1\1\1\2")
_IP_OPTIONS = (b"\1\1\1\1", b"\x94\4\0\0", b"\x83\x07\x04\x0a\x14\0\x09\0")
_HEADERS = (ext6.options(), ext6.options(words=3), ext6.routing(), ext6.ah(), ext6.fragment(), ext6.fragment(8),
            ext6.options(ext6.MOBILITY))
_ROUTER = {4: ("10.1.0.1", "10.2.0.1", "10.9.9.9"), 6: ("fd00:1::1", "fd00:2::1", "fd00:9::9")}


class Traffic:
    def __init__(self, rng):
        self.rng = rng
        self._seen = []  # (family, source, destination, l4): answers and ICMP errors refer to them

    def steps(self, family, count):
        made = []
        while len(made) < count:
            kind = self.rng.random()
            if kind < 0.12:
                made.append(self._datagram(family))
            elif kind < 0.18:
                made.append(RawPacket(packet(family, self.rng.choice(_ROUTER[family]), self.rng.choice((SRC, DST))[family],
                                             self._transport(family), ttl=self.rng.choice(TTLS))))
            elif kind < 0.3 and self._seen:
                made.append(self._reaction())
            else:
                made += self._frames(family)
        return made

    def _datagram(self, family):
        rng = self.rng
        return Datagram(family, rng.choice(ADDRESSES[family][4:]), rng.choice(PORTS[1:]), b"x" * rng.choice(_SIZES), uid=rng.choice(UIDS),
                        gid=rng.choice(GIDS), mark=rng.choice(MARKS))

    def _transport(self, family):
        rng = self.rng
        data = b"d" * rng.choice(_SIZES)
        sport, dport = rng.choice(PORTS), rng.choice(PORTS)
        kind = rng.random()
        if kind < 0.4:
            return tcp(sport, dport, rng.choice(_FLAGS), data, options=rng.choice(_TCP_OPTIONS), doff=rng.choice((None,) * 20 + (0, 4, 15)))
        if kind < 0.7:
            return udp(sport, dport, data)
        if kind < 0.9:
            return (icmp if family == 4 else icmp6)(*rng.choice(ICMP_TYPES[family]), data=data)
        return raw(rng.choice((SCTP, GRE, 253)), sport.to_bytes(2, "big") + dport.to_bytes(2, "big") + bytes(rng.choice((0, 8, 20))))

    def _frames(self, family):
        rng = self.rng
        end = rng.choice("AAAB")
        source, destination = rng.choice(ADDRESSES[family][:4]), rng.choice(ADDRESSES[family][4:])
        if end == "B" or rng.random() < 0.05:
            source, destination = rng.choice(ADDRESSES[family][4:7]), rng.choice(ADDRESSES[family][:3] + ADDRESSES[family][7:])
        l4 = self._transport(family)
        how = dict(ttl=rng.choice(TTLS[2:] * 3 + TTLS), tos=rng.choice(TOS + (0,) * 8))
        dress = {}
        odd = rng.random()
        if odd < 0.12:
            whole = packet(family, source, destination, l4, **how)
            sizes = rng.choice(((8,), (16,), (24,), (8, 8), (40,)))
            if family == 4:
                whole = whole[:4] + rng.randrange(65536).to_bytes(2, "big") + whole[6:]
                pieces = fragments4(whole, *sizes)
            else:
                pieces = ext6.fragments(whole, rng.randrange(1 << 32), *sizes)
            return [frame(piece, end) for piece in pieces if rng.random() < 0.9]
        if odd < 0.2:
            how["cut"] = rng.randrange(0, 24)
        elif odd < 0.3 and family == 4:
            how |= rng.choice((dict(options=rng.choice(_IP_OPTIONS)), dict(offset=rng.choice((8, 16, 1480))), dict(flags=2), dict(flags=1),
                               dict(ident=rng.randrange(65536))))
        elif odd < 0.4 and family == 6:
            how["ext"] = rng.choices(_HEADERS, k=rng.choice((1, 1, 2, 3, 8)))
        elif odd < 0.45 and l4.at is not None:
            how["bad"] = True
        elif odd < 0.5:
            dress["pad"] = rng.choice((1, 18))
        elif odd < 0.54:
            dress["src"] = "02:00:00:00:01:77"
        elif odd < 0.57:
            dress["dst"] = rng.choice(("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"))
        elif odd < 0.59:
            dress["vlan"] = rng.choice(((10,), (0,), (20,)))
        elif odd < 0.62:
            destination = {4: ("10.1.0.255", "224.0.0.1", "255.255.255.255"),
                           6: ("ff02::1", "ff0e::1", "ff02::2")}[family][rng.randrange(3)]
        else:
            self._seen.append((family, source, destination, l4, end))
        return [frame(packet(family, source, destination, l4, **how), end, **dress)]

    def _reaction(self):
        """A reply to a packet sent before, the same again, or an ICMP error about it."""
        rng = self.rng
        family, source, destination, l4, end = rng.choice(self._seen[-12:])
        other = "B" if end == "A" else "A"
        kind = rng.random()
        if kind < 0.3:
            return frame(packet(family, source, destination, l4), end)
        if kind < 0.6 and l4.proto in (6, 17) and len(l4.data) >= 4:
            sport, dport = int.from_bytes(l4.data[0:2], "big"), int.from_bytes(l4.data[2:4], "big")
            answer = udp(dport, sport) if l4.proto == 17 else tcp(dport, sport, rng.choice(("SA", "A", "RA", "FA")), ack=1001,
                                                                  seq=rng.choice((1000, 5000000)))
            return frame(packet(family, destination, source, answer), other)
        number = rng.choice(((3, 3), (3, 4), (11, 0)) if family == 4 else ((1, 4), (2, 0), (3, 0)))
        quoted = packet(family, source, destination, l4, ttl=63)[:rng.choice((1000, 48, 30))]
        return frame(packet(family, destination, source, (icmp if family == 4 else icmp6)(*number, rest=b"\0\0\5\0", data=quoted)), other)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets as bytes, checksums right unless asked otherwise."""

import ipaddress
import struct
from typing import NamedTuple

from . import topology

ICMP, IGMP, TCP, UDP, GRE, ESP, AH, ICMPV6, SCTP = 1, 2, 6, 17, 47, 50, 51, 58, 132
_FLAG_LETTERS = "FSRPAUEC"  # from bit 0 of the flags byte on


class L4(NamedTuple):
    """A transport header with its payload; `at` is where the checksum lies, None if there is none."""
    proto: int
    data: bytes
    at: int | None = None


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp(sport, dport, flags="S", data=b"", *, seq=1000, ack=0, window=8192, options=b"", doff=None):
    """Flags as letters of FSRPAUEC or as a number; options are padded to whole words."""
    if isinstance(flags, str):
        flags = sum(1 << _FLAG_LETTERS.index(letter) for letter in flags)
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4 if doff is None else doff
    return L4(TCP, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, words << 4, flags, window, 0, 0) + options + data, 16)


def udp(sport, dport, data=b"payload", *, length=None):
    return L4(UDP, struct.pack("!HHHH", sport, dport, 8 + len(data) if length is None else length, 0) + data, 6)


def icmp(kind, code=0, rest=b"\0\1\0\1", data=b"payload"):
    return L4(ICMP, struct.pack("!BBH", kind, code, 0) + rest + data, 2)


def icmp6(kind, code=0, rest=b"\0\1\0\1", data=b"payload"):
    return L4(ICMPV6, struct.pack("!BBH", kind, code, 0) + rest + data, 2)


def raw(proto, data=b""):
    return L4(proto, data)


def _filled(l4, pseudo):
    if l4.at is None or len(l4.data) < l4.at + 2:
        return l4.data
    value = checksum(pseudo + l4.data)
    if l4.proto == UDP and value == 0:
        value = 0xFFFF
    return l4.data[:l4.at] + struct.pack("!H", value) + l4.data[l4.at + 2:]


def ip4(src, dst, l4, *, ttl=64, tos=0, ident=1, flags=0, offset=0, options=b"", total=None, ihl=None, bad=False, cut=None):
    """`cut`: bytes of the transport part that are left; `flags`: 1 more fragments, 2 don't fragment; `offset` in bytes;
    `bad`: wrong transport checksum; `total`, `ihl`: lie about the length."""
    source, target = ipaddress.IPv4Address(src).packed, ipaddress.IPv4Address(dst).packed
    pseudo = b"" if l4.proto == ICMP else source + target + struct.pack("!BBH", 0, l4.proto, len(l4.data))
    payload = _filled(l4, pseudo)
    if bad:
        payload = payload[:l4.at] + bytes([payload[l4.at] ^ 0x55]) + payload[l4.at + 1:]
    payload = payload[:cut]
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | (words if ihl is None else ihl), tos, words * 4 + len(payload) if total is None else total,
                         ident, flags << 13 | offset // 8, ttl, l4.proto, 0, source, target) + options
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return header + payload


def ip6(src, dst, l4, *, ext=(), hop=64, tclass=0, flow=0, plen=None, bad=False, cut=None):
    """`ext`: extension headers of ext6.py, outermost first; `cut`: bytes left behind the fixed header."""
    source, target = ipaddress.IPv6Address(src).packed, ipaddress.IPv6Address(dst).packed
    payload = _filled(l4, source + target + struct.pack("!II", len(l4.data), l4.proto))
    if bad:
        payload = payload[:l4.at] + bytes([payload[l4.at] ^ 0x55]) + payload[l4.at + 1:]
    following = l4.proto
    for header in reversed(ext):
        payload = header.encode(following) + payload
        following = header.number
    payload = payload[:cut]
    return struct.pack("!IHBB16s16s", 6 << 28 | tclass << 20 | flow, len(payload) if plen is None else plen, following, hop,
                       source, target) + payload


def fragments4(packet, *sizes):
    """Splits a packet without options behind the given numbers of payload bytes (multiples of 8)."""
    header, payload, out, start = packet[:20], packet[20:], [], 0
    for size in [*sizes, len(packet)]:
        part = payload[start:start + size]
        more = 0x2000 if start + size < len(payload) else 0
        head = header[:2] + struct.pack("!HHH", 20 + len(part), *struct.unpack("!H", header[4:6]),
                                        more | start // 8) + header[8:10] + b"\0\0" + header[12:]
        out.append(head[:10] + struct.pack("!H", checksum(head)) + head[12:] + part)
        start += size
    return out


def ethernet(packet, end="A", *, dst=None, src=None, vlan=(), kind=None, pad=0):
    """A frame from an end to R; `vlan`: tags, outermost first; `pad`: bytes behind the packet."""
    if kind is None:
        kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    frame = mac(dst or topology.router_mac(end)) + mac(src or topology.end_mac(end))
    for tag in vlan:
        frame += struct.pack("!HH", 0x8100, tag)
    return frame + struct.pack("!H", kind) + packet + b"\xA5" * pad


def mac(text):
    return bytes.fromhex(text.replace(":", ""))

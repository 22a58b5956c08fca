# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 extension headers, and packets in IPv6 fragments."""

import ipaddress
import struct
from typing import Callable, NamedTuple

HOP, ROUTING, FRAGMENT, AH, NONE, DEST, MOBILITY = 0, 43, 44, 51, 59, 60, 135


class Ext(NamedTuple):
    number: int
    encode: Callable[[int], bytes]  # from the number of the header that follows


def options(number=DEST, words=0, body=None):
    """Hop-by-hop or destination options, padded with PadN to 8 * (words + 1) bytes."""
    content = body if body is not None else b"\1" + bytes([words * 8 + 4]) + bytes(words * 8 + 4)
    return Ext(number, lambda following: bytes([following, words]) + content)


def hop(words=0):
    return options(HOP, words)


def routing(kind=2, left=0, address="fd00:20::77"):
    return Ext(ROUTING, lambda following: bytes([following, 2, kind, left]) + bytes(4) + ipaddress.IPv6Address(address).packed)


def fragment(offset=0, more=False, ident=7):
    return Ext(FRAGMENT, lambda following: struct.pack("!BBHI", following, 0, offset | int(more), ident))


def ah(words=4, spi=256):
    """`words`: the header's length field: its length in words minus 2."""
    return Ext(AH, lambda following: struct.pack("!BBHII", following, words, 0, spi, 1) + bytes((words - 1) * 4))


def fragments(packet, ident, *sizes):
    """Splits a packet whose fixed header's payload is the fragmentable part."""
    header, payload, out, start = packet[:40], packet[40:], [], 0
    for size in [*sizes, len(packet)]:
        part = payload[start:start + size]
        inner = fragment(start, start + size < len(payload), ident).encode(header[6]) + part
        out.append(header[:4] + struct.pack("!HB", len(inner), FRAGMENT) + header[7:] + inner)
        start += size
    return out

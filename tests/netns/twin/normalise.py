# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes out of a captured frame what the kernel legitimately chooses at random: the identification of datagrams and fragments,
initial TCP sequence numbers. Checksums are replaced by whether they are right, since they cover those."""

import struct

from .ext6 import FRAGMENT
from .frames import ICMPV6, TCP, UDP, checksum


class Normaliser:
    """Of one end of one side for one case: remembers each flow's initial sequence number. Call it
    for frames that leave the end too, as soon as they do."""

    def __init__(self):
        self._initial = {}

    def __call__(self, frame):
        at = 12
        while frame[at:at + 2] == b"\x81\0":
            at += 4
        head, kind, packet = frame[:at + 2], frame[at:at + 2], frame[at + 2:]
        if kind == b"\x08\0" and len(packet) >= 20 and packet[0] >> 4 == 4:
            packet = self._ipv4(packet)
        elif kind == b"\x86\xdd" and len(packet) >= 40:
            if packet[6] == FRAGMENT:
                packet = packet[:44] + bytes(4) + packet[48:]
            packet = self._transport(packet, 40, packet[6], packet[8:40], 40 + struct.unpack("!H", packet[4:6])[0])
        return head + packet

    def _ipv4(self, packet):
        length = (packet[0] & 15) * 4
        right = checksum(packet[:length]) == 0
        packet = packet[:4] + b"\0\0" + packet[6:10] + (b"ok" if right else b"!!") + packet[12:]
        if struct.unpack("!H", packet[6:8])[0] & 0x3FFF:
            return packet  # a fragment
        return self._transport(packet, length, packet[9], packet[12:20], struct.unpack("!H", packet[2:4])[0])

    def _transport(self, packet, start, proto, addresses, end):
        at = {TCP: 16, UDP: 6, ICMPV6: 2}.get(proto)
        segment = packet[start:end]
        if at is None or len(segment) < at + 2 or len(segment) < (20 if proto == TCP else 8):
            return packet
        pseudo = addresses + struct.pack("!II", len(segment), proto)
        right = checksum(pseudo + segment) == 0 or (proto == UDP and segment[6:8] == b"\0\0")
        segment = segment[:at] + (b"ok" if right else b"!!") + segment[at + 2:]
        if proto == TCP:
            segment = self._sequence(segment, addresses)
        return packet[:start] + segment + packet[end:]

    def _sequence(self, segment, addresses):
        half = len(addresses) // 2
        here = addresses[:half] + segment[0:2], addresses[half:] + segment[2:4]
        seq, ack = struct.unpack("!II", segment[4:12])
        if segment[13] & 2:
            self._initial[here] = seq
        seq = _relative(seq, self._initial.get(here, 0))
        if segment[13] & 16:
            ack = _relative(ack, self._initial.get(here[::-1], 0))
        elif segment[13] & 2:
            ack = min(ack, 1)  # SYNPROXY leaves its own initial number here (synproxy_send_server_syn)
        return segment[:4] + struct.pack("!II", seq, ack) + segment[12:]


def _relative(number, initial):
    """Unless it is far from the initial number: then it came from elsewhere, such as a crafted acknowledgement."""
    difference = (number - initial) & 0xFFFFFFFF
    return difference if difference < 1 << 24 else number

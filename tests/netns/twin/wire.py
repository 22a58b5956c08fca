# SPDX-License-Identifier: GPL-2.0-or-later
"""One veth pair between an end and R: frames go in at the end, what comes back is captured there, and a marker of a private
ethertype sent after them tells when everything before it is through (the queues between are first in, first out, since
the whole process runs on one CPU: see compare.py)."""

import ctypes
import itertools
import socket
import struct

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_AUXDATA, _PACKET_VNET_HDR, _PACKET_IGNORE_OUTGOING = 263, 8, 15, 23
_SO_ATTACH_FILTER = 26
_MARKER_TYPE = 0x88B5  # local experimental: no rule and no stack looks at it
_TP_STATUS_VLAN_VALID = 0x10
_MLD_REPORTS = bytes.fromhex("333300000016")  # R sends these when it likes: after XDP is attached by netlink, for one
_sequence = itertools.count(1)


def _marker():
    return b"\xff" * 6 + b"\x02\0\0\0\0\xfe" + struct.pack("!HQ", _MARKER_TYPE, next(_sequence)) + bytes(40)


def _only_markers(sock):
    """Classic BPF: ldh [12]; jeq marker; ret all; ret 0."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in
                    ((0x28, 0, 0, 12), (0x15, 0, 1, _MARKER_TYPE), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)))
    buffer = ctypes.create_string_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 4, ctypes.addressof(buffer)))


def _listener(namespace, device, only_markers=False):
    """`only_markers`: nothing else, and nothing that leaves; otherwise everything."""
    with namespace.entered():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    if only_markers:
        sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        _only_markers(sock)
    sock.bind((device, _ETH_P_ALL))
    sock.settimeout(5)
    return sock


def _sender(namespace, device, vnet=False):
    with namespace.entered():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if vnet:
        sock.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    sock.bind((device, 0))
    return sock


class Link:
    def __init__(self, end, router, device):
        self._into = _sender(end, "eth0")
        self._into_gso = _sender(end, "eth0", vnet=True)
        self._arrived = _listener(router, device, only_markers=True)
        self._back = _sender(router, device)
        self._captured = _listener(end, "eth0")

    def close(self):
        for sock in (self._into, self._into_gso, self._arrived, self._back, self._captured):
            sock.close()

    def inject(self, frame):
        self._into.send(frame)

    def inject_gso(self, frame, gso_type, segment, headers, checksum_start, checksum_offset):
        """One packet longer than the MTU, as GRO or a TSO sender makes them (struct virtio_net_hdr)."""
        self._into_gso.send(struct.pack("=BBHHHH", 1, gso_type, headers, segment, checksum_start, checksum_offset) + frame)

    def settle_inward(self):
        """Returns once R has dealt with every frame injected here."""
        marker = _marker()
        self._into.send(marker)
        while self._arrived.recv(2048) != marker:
            pass

    def collect(self, observe=None):
        """All frames that R has sent to this end since the last call, in order. `observe` sees those that left the end."""
        marker = _marker()
        self._back.send(marker)
        frames = []
        while True:
            frame, leaving = self._receive()
            if frame == marker:
                return frames
            if frame[12:14] == marker[12:14]:
                continue
            if not leaving:
                if frame[:6] != _MLD_REPORTS:
                    frames.append(frame)
            elif observe:
                observe(frame)

    def _receive(self):
        frame, ancillary, _, address = self._captured.recvmsg(1 << 17, 64)
        leaving = address[2] == socket.PACKET_OUTGOING
        for level, kind, data in ancillary:
            if level == _SOL_PACKET and kind == _PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
                if status & _TP_STATUS_VLAN_VALID:
                    return frame[:12] + struct.pack("!HH", tpid or 0x8100, tci) + frame[12:], leaving
        return frame, leaving

# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens to a group of NFLOG (nfnetlink, subsystem 4): what was logged, as prefix and packet."""

import socket
import struct

_NETLINK_NETFILTER = 12
_PACKET, _CONFIG = 4 << 8, 4 << 8 | 1
_REQUEST, _ACK = 1, 4
_CFG_CMD, _CFG_MODE, _CFG_QTHRESH = 1, 2, 5
_BIND, _COPY_PACKET = 1, 2
_PAYLOAD, _PREFIX = 9, 10


def attribute(number, data):
    return struct.pack("=HH", 4 + len(data), number) + data + bytes(-len(data) % 4)


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        found[number & 0x3FFF] = data[4:length]
        data = data[length + -length % 4:]
    return found


def messages(sock):
    """(type, attributes) of all nfnetlink messages that wait."""
    sock.setblocking(False)
    try:
        while True:
            data = sock.recv(1 << 17)
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                yield kind, attributes(data[20:length])
                data = data[length + -length % 4:]
    except BlockingIOError:
        return


class Listener:
    def __init__(self, namespace, group):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._socket.settimeout(2)
        self._configure(group, attribute(_CFG_CMD, bytes([_BIND])))
        self._configure(group, attribute(_CFG_MODE, struct.pack("!IBB", 0xFFFF, _COPY_PACKET, 0))
                        + attribute(_CFG_QTHRESH, struct.pack("!I", 1)))

    def _configure(self, group, body):
        message = struct.pack("=BB", 0, 0) + struct.pack("!H", group) + body
        self._socket.send(struct.pack("=IHHII", 16 + len(message), _CONFIG, _REQUEST | _ACK, 1, 0) + message)
        answer = struct.unpack_from("=i", self._socket.recv(4096), 16)[0]
        if answer != 0:
            raise OSError(-answer, "NFLOG group")

    def close(self):
        """All that came so far, in order: (prefix, packet)."""
        logged = [(found.get(_PREFIX, b"").rstrip(b"\0").decode(), found.get(_PAYLOAD, b"").hex())
                  for kind, found in messages(self._socket) if kind == _PACKET]
        self._socket.close()
        return logged

# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens to a queue of NFQUEUE (nfnetlink, subsystem 3) and gives verdicts."""

import socket
import struct

from .nflog import attribute, messages

ACCEPT, DROP, REPEAT = 1, 0, 4
_NETLINK_NETFILTER = 12
_PACKET, _VERDICT, _CONFIG = 3 << 8, 3 << 8 | 1, 3 << 8 | 2
_REQUEST, _ACK = 1, 4
_CFG_CMD, _CFG_PARAMS = 1, 2
_BIND, _COPY_PACKET = 1, 2
_PACKET_HDR, _VERDICT_HDR, _MARK, _PAYLOAD = 1, 2, 3, 10


class Queue:
    def __init__(self, namespace, number):
        self.number = number
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._socket.settimeout(2)
        self._configure(attribute(_CFG_CMD, struct.pack("!BBH", _BIND, 0, 0)))
        self._configure(attribute(_CFG_PARAMS, struct.pack("!IB", 0xFFFF, _COPY_PACKET)))

    def _send(self, kind, flags, body):
        message = struct.pack("=BB", 0, 0) + struct.pack("!H", self.number) + body
        self._socket.send(struct.pack("=IHHII", 16 + len(message), kind, _REQUEST | flags, 1, 0) + message)

    def _configure(self, body):
        self._send(_CONFIG, _ACK, body)
        answer = struct.unpack_from("=i", self._socket.recv(4096), 16)[0]
        if answer != 0:
            raise OSError(-answer, "NFQUEUE queue")

    def serve(self, judge):
        """Judges all that waits: `judge(hook, mark, packet)` gives a verdict, or one with a new mark. What came, in order."""
        return [self._judge(found, judge) for kind, found in messages(self._socket) if kind == _PACKET]

    def _judge(self, found, judge):
        identity, _, hook = struct.unpack_from("!IHB", found[_PACKET_HDR])
        mark = struct.unpack("!I", found.get(_MARK, bytes(4)))[0]
        verdict = judge(hook, mark, found[_PAYLOAD])
        verdict, new = verdict if isinstance(verdict, tuple) else (verdict, None)
        self._send(_VERDICT, 0, attribute(_VERDICT_HDR, struct.pack("!II", verdict, identity))
                   + (b"" if new is None else attribute(_MARK, struct.pack("!I", new))))
        return hook, mark, found[_PAYLOAD]

    def close(self):
        self._socket.close()

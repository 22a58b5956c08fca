# SPDX-License-Identifier: GPL-2.0-or-later
"""Empties the conntrack table of a namespace (nfnetlink, subsystem 1, IPCTNL_MSG_CT_DELETE without a tuple)."""

import socket
import struct

_NETLINK_NETFILTER = 12
_DELETE = 1 << 8 | 2
_REQUEST_ACK = 1 | 4


class Flusher:
    def __init__(self, namespace):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)

    def close(self):
        self._socket.close()

    def flush(self):
        self._socket.send(struct.pack("=IHHIIBBH", 20, _DELETE, _REQUEST_ACK, 1, 0, socket.AF_UNSPEC, 0, 0))
        self._socket.recv(4096)  # the acknowledgement, or an error where conntrack isn't loaded: then there is nothing

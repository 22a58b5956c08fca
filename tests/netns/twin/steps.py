# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case does, one step at a time. `run(side)` returns an outcome that must be the same on both sides."""

import contextlib
import errno
import os
import re
import shlex
import socket
import struct
from dataclasses import dataclass
from typing import Any, Callable

from .frames import ethernet
from .tool import finish

_IPV6_HDRINCL = 36


@dataclass
class Frame:
    """A frame from an end into R."""
    end: str
    frame: bytes

    def run(self, side):
        side.links[self.end].inject(self.frame)

    def __str__(self):
        return f"frame at {self.end}: {self.frame.hex()}"


@dataclass
class Superframe:
    """A TCP packet longer than the MTU, as GRO makes them."""
    end: str
    frame: bytes
    segment: int  # payload bytes of each of its segments
    headers: int  # bytes before the payload
    transport: int  # where the TCP header begins

    def run(self, side):
        kind = 1 if self.frame[14] >> 4 == 4 else 4  # VIRTIO_NET_HDR_GSO_TCPV4, _TCPV6
        side.links[self.end].inject_gso(self.frame, kind, self.segment, self.headers, self.transport, 16)

    def __str__(self):
        return f"superframe of {len(self.frame)} bytes at {self.end}: {self.frame[:self.headers].hex()}"


@contextlib.contextmanager
def credentials(uid, gid):
    """Sockets opened inside belong to that user and group (xt_owner looks at the opener of the file)."""
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def error_name(call):
    """Runs it; "ok" or the name of the error."""
    try:
        call()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "ok"


def _address(family, host, port):
    return (host, port) if family == 4 else (host, port, 0, 0)


def family_of(family):
    return socket.AF_INET if family == 4 else socket.AF_INET6


@dataclass
class Datagram:
    """R itself sends a UDP datagram."""
    family: int
    host: str
    port: int
    data: bytes = b"local"
    sport: int = 4000
    uid: int = 0
    gid: int = 0
    mark: int = 0

    def run(self, side):
        with side.router.entered():
            if self.uid or self.gid:
                with credentials(self.uid, self.gid):
                    sock = socket.socket(family_of(self.family), socket.SOCK_DGRAM)
            else:
                sock = socket.socket(family_of(self.family), socket.SOCK_DGRAM)
        with sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if self.mark:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, struct.pack("=I", self.mark))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(_address(self.family, "0.0.0.0" if self.family == 4 else "::", self.sport))
            return error_name(lambda: sock.sendto(self.data, _address(self.family, self.host, self.port)))

    def __str__(self):
        return f"datagram from R to {self.host} port {self.port} by {self.uid}:{self.gid} mark {self.mark:#x}"


@dataclass
class RawPacket:
    """R itself sends this packet, header and all."""
    packet: bytes

    def run(self, side):
        family = self.packet[0] >> 4
        target = self.packet[16:20] if family == 4 else self.packet[24:40]
        host = socket.inet_ntop(family_of(family), target)
        return error_name(lambda: side.raw_socket(family).sendto(self.packet, _address(family, host, 0)))

    def __str__(self):
        return f"packet from R: {self.packet.hex()}"


@dataclass
class Script:
    """Anything else: sockets of several ends. Its outcome must be comparable and independent of timing."""
    name: str
    body: Callable[[Any], Any]

    def run(self, side):
        return self.body(side)

    def __str__(self):
        return f"script {self.name}"


@dataclass
class Command:
    """An iptables command between packets: exit code and output are compared, the program's version apart."""
    family: int
    arguments: str

    def run(self, side):
        code, out, errors = finish(side.tool.start(self.family, "", *shlex.split(self.arguments)))
        return code, out, re.sub(r"v\d+\.\d+\.\d+ \(\w+\)", "vX", errors)

    def __str__(self):
        return f"{'iptables' if self.family == 4 else 'ip6tables'} {self.arguments}"


def frame(packet, end="A", **more):
    return Frame(end, ethernet(packet, end, **more))

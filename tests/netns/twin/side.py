# SPDX-License-Identifier: GPL-2.0-or-later
"""One side: a network, the programs under test in its router, the sockets that listen there."""

import socket
import time

from .conntrack import Flusher
from .normalise import Normaliser
from .steps import family_of
from .tool import Tool
from .topology import Topology


class Side:
    def __init__(self, name, where, environment=None):
        self.name = name
        self._topology = Topology()
        self.router = self._topology.router
        self.spaces = self._topology.spaces
        self.links = self._topology.links
        self.tool = Tool(where, self.router, environment)
        self.state = {}  # what scripts keep from one step of a case to the next
        self._port = 10000
        self._flusher = Flusher(self.router)
        self._raw = {}
        self._listeners = []
        self._normalisers = {}

    def close(self):
        self._close_listeners()
        for sock in self._raw.values():
            sock.close()
        self._flusher.close()
        self.tool.close()
        self._topology.close()

    def begin(self, case):
        """Once the case's rules are in force: forgets connections and frames of the case before, opens listeners."""
        self._close_listeners()
        self.state.clear()
        self._normalisers = {}
        self.settle("ABCD")
        self._flusher.flush()
        self._normalisers = {end: Normaliser() for end in case.ends}
        for family, kind, port in case.listen:
            self._listeners.append(self._listen(family, kind, port))

    def settle(self, ends):
        """Waits until R has dealt with everything, and takes the frames that came out: {end: [frame]}."""
        for end in ends:
            self.links[end].settle_inward()
        return {end: self.links[end].collect(self._normalisers.get(end)) for end in ends}

    def become_quiet(self):
        """Waits until the reports of multicast groups that joining causes are through."""
        deadline, silent = time.monotonic() + 10, 0
        while silent < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
            silent = 0 if any(self.settle("ABCD").values()) else silent + 1

    def outcome(self, step, ends):
        """Runs a step: its own result and the normalised frames that came out at each end."""
        result = step.run(self)
        frames = self.settle(ends)
        return result, {end: [self._normalisers[end](frame) for frame in frames[end]] for end in ends}

    def received(self):
        """What the UDP listeners in R got."""
        result = []
        for sock in self._listeners:
            if sock.type == socket.SOCK_DGRAM:
                result.append(_drain(sock))
        return result

    def connections(self):
        """How many conntrack entries R has."""
        with self.router.entered():
            try:
                with open("/proc/sys/net/netfilter/nf_conntrack_count", encoding="ascii") as file:
                    return int(file.read())
            except FileNotFoundError:
                return 0

    def raw_socket(self, family):
        if family not in self._raw:
            with self.router.entered():
                self._raw[family] = socket.socket(family_of(family), socket.SOCK_RAW, socket.IPPROTO_RAW)
        return self._raw[family]

    def fresh_port(self):
        """A local port that no earlier connection of this run has used; the same on both sides."""
        self._port += 1
        return self._port

    def open(self, place, family, kind):
        """A TCP ("tcp") or UDP socket at an end or in R, not bound yet."""
        space = self.router if place == "R" else self.spaces[place]
        with space.entered():
            sock = socket.socket(family_of(family), socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(5)
        return sock

    def _listen(self, family, kind, port):
        sock = self.open("R", family, kind)
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("0.0.0.0" if family == 4 else "::", port))
        if kind == "tcp":
            sock.listen(1024)
        return sock

    def _close_listeners(self):
        for sock in self._listeners:
            sock.close()
        self._listeners = []


def _drain(sock):
    got = []
    sock.setblocking(False)
    try:
        while True:
            data, address = sock.recvfrom(65536)
            got.append((address[:2], data))
    except BlockingIOError:
        return got

# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP connection step by step: the kernels' own stacks at both ends, in lock step."""

import socket

from .steps import Script

PORT = 8000  # where servers listen


def _quick(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def listen(place, family, host):
    def body(side):
        sock = side.open(place, family, "tcp")
        sock.bind((host, PORT))
        sock.listen(8)
        side.state["listener"] = sock
    return Script(f"listen at {place}", body)


def connect(place, family, host, port=PORT):
    def body(side):
        sock = side.open(place, family, "tcp")
        sock.settimeout(0.3)
        sock.bind(("0.0.0.0" if family == 4 else "::", side.fresh_port()))
        try:
            sock.connect((host, port))
        except OSError as error:
            sock.close()
            return type(error).__name__
        side.state["client"] = sock
        _quick(sock)
        side.state["server"], peer = side.state["listener"].accept()
        side.state["server"].settimeout(5)
        _quick(side.state["server"])
        return peer[:2]
    return Script(f"connect from {place} to {host} port {port}", body)


def say(who, other, data):
    def body(side):
        if who not in side.state:
            return "no connection"
        side.state[who].sendall(data)
        got = b""
        while len(got) < len(data):
            got += side.state[other].recv(65536)
        for name in (who, other):
            _quick(side.state[name])
        return got == data
    return Script(f"{who} sends {len(data)} bytes", body)


def _close(who, other):
    def body(side):
        if who not in side.state:
            return "no connection"
        side.state[who].shutdown(socket.SHUT_WR)
        return side.state[other].recv(1)
    return Script(f"{who} closes", body)


def drop_sockets(side):
    for name in ("client", "server", "listener"):
        if name in side.state:
            side.state.pop(name).close()


def life(family, client, server, host, target, *, port=PORT):
    """From SYN to the last ACK: the server listens on `host`, the client connects to `target`."""
    return [listen(server, family, host), connect(client, family, target, port), say("client", "server", b"request"),
            say("server", "client", b"answer" * 50), say("client", "server", b"more"), _close("client", "server"),
            _close("server", "client"), Script("sockets closed", drop_sockets)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole TCP connections: the kernel's own stacks at both ends in lock step, and through GRO and GSO."""

import socket
import time

from twin import offload
from twin.case import Case, filter_table
from twin.frames import tcp
from twin.places import DST, FAMILIES, ROUTER, SRC, STACK_A, STACK_B, packet
from twin.steps import Script, Superframe, frame
from twin.frames import ethernet

_STATES = ("INVALID", "NEW", "ESTABLISHED", "RELATED")
_PORT = 8000


def _quick(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _listen(place, family, host):
    def body(side):
        sock = side.open(place, family, "tcp")
        sock.bind((host, _PORT))
        sock.listen(8)
        side.state["listener"] = sock
    return Script(f"listen at {place}", body)


def _connect(place, family, host):
    def body(side):
        sock = side.open(place, family, "tcp")
        sock.settimeout(0.3)
        sock.bind(("0.0.0.0" if family == 4 else "::", side.fresh_port()))
        try:
            sock.connect((host, _PORT))
        except OSError as error:
            sock.close()
            return type(error).__name__
        side.state["client"] = sock
        _quick(sock)
        side.state["server"], _ = side.state["listener"].accept()
        side.state["server"].settimeout(5)
        _quick(side.state["server"])
        return "connected"
    return Script(f"connect from {place}", body)


def _say(who, other, data):
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


def _drop_sockets(side):
    for name in ("client", "server", "listener"):
        if name in side.state:
            side.state.pop(name).close()


def _life(family, client, server, host):
    return [_listen(server, family, host), _connect(client, family, host), _say("client", "server", b"request"),
            _say("server", "client", b"answer" * 50),
            _say("client", "server", b"more"), _close("client", "server"), _close("server", "client"),
            Script("sockets closed", _drop_sockets)]


def _refused(family, client, host):
    def body(side):
        sock = side.open(client, family, "tcp")
        sock.settimeout(0.3)
        sock.bind(("0.0.0.0" if family == 4 else "::", side.fresh_port()))
        with sock:
            try:
                sock.connect((host, 8001))
            except OSError as error:
                return type(error).__name__
        return "connected"
    return Script(f"connect from {client} to port 8001", body)


def _bulk(family, host, size):
    """As many bytes as fit, GRO on in R: only what arrives and which rules moved can be compared."""
    def body(side):
        with side.router.entered():
            for device in ("eth0", "eth1"):
                offload.switch(device, offload.GRO, True)
        try:
            if "client" not in side.state:
                return "no connection"
            client, server = side.state["client"], side.state["server"]
            client.setblocking(False)
            server.setblocking(False)
            data, sent, got, end = b"0123456789" * (size // 10), 0, b"", time.monotonic() + 10
            while len(got) < size and time.monotonic() < end:
                try:
                    sent += client.send(data[sent:sent + 65536]) if sent < size else 0
                except BlockingIOError:
                    pass
                try:
                    got += server.recv(1 << 20)
                except BlockingIOError:
                    pass
            client.setblocking(True)
            server.setblocking(True)
            return len(got), got == data
        finally:
            with side.router.entered():
                for device in ("eth0", "eth1"):
                    offload.switch(device, offload.GRO, False)
    return Script(f"bulk of {size} bytes", body)


def cases():
    for family in FAMILIES:
        rules = [f"-A {chain} -p tcp -m conntrack --ctstate {state}" for chain in ("FORWARD", "INPUT", "OUTPUT") for state in _STATES]
        rules += [f"-A {chain} -p tcp --tcp-flags {flags}" for chain in ("FORWARD", "INPUT", "OUTPUT")
                  for flags in ("SYN,ACK SYN", "SYN,ACK SYN,ACK", "FIN FIN", "RST RST", "ALL ACK")]
        rules += [f"-A {chain} -m conntrack --ctstatus {status}" for chain in ("FORWARD", "INPUT")
                  for status in ("ASSURED", "SEEN_REPLY", "CONFIRMED")]
        policies = {"INPUT": "DROP", "FORWARD": "DROP"}
        strict = ["-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                  "-A FORWARD -p tcp --syn --dport 8000 -m conntrack --ctstate NEW -j ACCEPT",
                  "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                  "-A INPUT -p tcp --dport 8000 --syn -j ACCEPT", "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
                  "-A INPUT -p tcp -j REJECT --reject-with tcp-reset"]
        a, b, r = STACK_A[family], STACK_B[family], ROUTER[family]
        for name, lines, policy in (("count", rules, {}), ("strict", strict, policies)):
            yield Case(f"tcp-life{family}-forward-{name}", {family: filter_table(*lines, policies=policy)},
                       [*_life(family, "A", "B", b), _refused(family, "A", b)])
            yield Case(f"tcp-life{family}-input-{name}", {family: filter_table(*lines, policies=policy)},
                       [*_life(family, "A", "R", r), _refused(family, "A", r)])
        yield Case(f"tcp-life{family}-output", {family: filter_table(*rules)}, [*_life(family, "R", "A", a), _refused(family, "R", a)])
        yield Case(f"tcp-life{family}-loopback", {family: filter_table(*rules)}, _life(family, "R", "R", r))
        yield Case(f"tcp-life{family}-output-refused",
                   {family: filter_table("-A OUTPUT -p tcp --dport 8001 -j REJECT --reject-with tcp-reset", "-A OUTPUT -p tcp")},
                   [_refused(family, "R", a)])

        yield Case(f"gro{family}-bulk", {family: filter_table(*strict, *rules, policies=policies)},
                   [_listen("B", family, b), _connect("A", family, b), _bulk(family, b, 2000000), Script("sockets closed", _drop_sockets)],
                   exact=False)
        headers = 54 if family == 4 else 74
        sizes = ["-A FORWARD -m length --length 1501:", "-A FORWARD -p tcp --dport 80", "-A FORWARD -m length --length 0:1500",
                 "-A FORWARD -p tcp --dport 81 -j DROP", "-A FORWARD -p tcp --dport 82 -j REJECT",
                 "-A INPUT -m length --length 20000:", "-A INPUT -p tcp --dport 82 -j DROP"]
        supers = [Superframe("A", ethernet(packet(family, SRC[family], target[family], tcp(1000, port, "A", b"z" * size, ack=1))), 1400,
                             headers, headers - 20)
                  for target in (DST, ROUTER) for port in (80, 81, 82) for size in (2800, 2801, 30000)]
        yield Case(f"gso{family}", {family: filter_table(*sizes)}, [frame(packet(family, SRC[family], DST[family], tcp(1000, 80))),
                                                                    *supers])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole TCP connections: the kernel's own stacks at both ends in lock step, and through GRO and GSO."""

import time

from twin import offload
from twin.case import Case, filter_table
from twin.connection import connect, drop_sockets, life, listen
from twin.frames import tcp
from twin.places import DST, FAMILIES, ROUTER, SRC, STACK_A, STACK_B, packet
from twin.steps import Script, Superframe, frame
from twin.frames import ethernet

_STATES = ("INVALID", "NEW", "ESTABLISHED", "RELATED")
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
                       [*life(family, "A", "B", b, b), _refused(family, "A", b)])
            yield Case(f"tcp-life{family}-input-{name}", {family: filter_table(*lines, policies=policy)},
                       [*life(family, "A", "R", r, r), _refused(family, "A", r)])
        yield Case(f"tcp-life{family}-output", {family: filter_table(*rules)}, [*life(family, "R", "A", a, a), _refused(family, "R", a)])
        yield Case(f"tcp-life{family}-loopback", {family: filter_table(*rules)}, life(family, "R", "R", r, r))
        yield Case(f"tcp-life{family}-output-refused",
                   {family: filter_table("-A OUTPUT -p tcp --dport 8001 -j REJECT --reject-with tcp-reset", "-A OUTPUT -p tcp")},
                   [_refused(family, "R", a)])

        yield Case(f"gro{family}-bulk", {family: filter_table(*strict, *rules, policies=policies)},
                   [listen("B", family, b), connect("A", family, b), _bulk(family, b, 2000000), Script("sockets closed", drop_sockets)],
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

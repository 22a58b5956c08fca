# SPDX-License-Identifier: GPL-2.0-or-later
"""TEE's copies, as another end sees them; TPROXY with a transparent socket, an ordinary one and none."""

import socket
import subprocess

from twin.case import Case, filter_table, table
from twin.connection import PORT, connect, drop_sockets, say
from twin.frames import icmp, icmp6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, STACK_B, packet
from twin.steps import Datagram, Script, family_of, frame

_GATEWAY = {4: "10.3.0.2", 6: "fd00:3::2"}  # the kernel of C
_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75


def _traffic(family):
    ping = icmp(8) if family == 4 else icmp6(128)
    return [frame(packet(family, SRC[family], target[family], l4, ttl=ttl)) for target in (DST, ROUTER) for ttl in (1, 2, 64)
            for l4 in (udp(5, 1), udp(5, 2), udp(5, 3), tcp(5, 4), ping)]


def _copies(family):
    tee = f"-j TEE --gateway {_GATEWAY[family]}"
    count = ["-A PREROUTING", "-A INPUT", "-A FORWARD", "-A OUTPUT", "-A OUTPUT -o br0", "-A POSTROUTING -o br0", "-A POSTROUTING"]
    for name, rules in (
            ("prerouting", [f"-A PREROUTING -p udp {tee}"]), ("forward", [f"-A FORWARD -p udp --dport 1 {tee}", "-A FORWARD -j DROP"]),
            ("input", [f"-A INPUT {tee}", "-A INPUT -p udp -j DROP"]), ("output", [f"-A OUTPUT -p udp {tee}"]),
            ("postrouting", [f"-A POSTROUTING {tee}"]), ("twice", [f"-A PREROUTING {tee}", f"-A PREROUTING -p udp --dport 2:3 {tee}"]),
            ("changed", [f"-A PREROUTING -p udp --dport 1 {tee}", "-A PREROUTING -j TOS --or-tos 0x10", f"-A PREROUTING {tee}",
                         "-A PREROUTING -j MARK --set-mark 1"]),
            ("oif", [f"-A PREROUTING {tee} --oif br0", f"-A FORWARD {tee} --oif eth0"])):
        yield Case(f"tee{family}-{name}", {family: table("mangle", *rules, *count) + filter_table("-A FORWARD", "-A OUTPUT -o br0")},
                   [*_traffic(family), Datagram(family, DST[family], 9)], ends="ABC")


def _ways(family, verb):
    """Marked packets are R's own, whatever their address."""
    lines = (f"rule {verb} fwmark 0x1/0x1 lookup 100", f"route {verb} local default dev lo table 100")

    def body(side):
        with side.router.entered():
            return [subprocess.run(["ip", f"-{family}", *line.split()], capture_output=True, text=True, check=False).stderr for line in lines]
    return Script(f"{verb} ways for marked packets", body)


def _socket(family, kind, port, transparent):
    def body(side):
        sock = side.open("R", family, kind)
        if transparent:
            level, option = (socket.IPPROTO_IP, _IP_TRANSPARENT) if family == 4 else (socket.IPPROTO_IPV6, _IPV6_TRANSPARENT)
            sock.setsockopt(level, option, 1)
        sock.bind(("0.0.0.0" if family == 4 else "::", port))
        if kind == "tcp":
            sock.listen(8)
        side.state["listener" if kind == "tcp" else f"udp{port}"] = sock
    return Script(f"{'transparent' if transparent else 'ordinary'} {kind} socket on {port}", body)


def _datagrams(*ports):
    def body(side):
        side.links["A"].settle_inward()
        got = []
        for port in ports:
            sock = side.state.pop(f"udp{port}")
            sock.setblocking(False)
            try:
                while True:
                    data, sender = sock.recvfrom(4096)
                    got.append((port, sender[:2], data))
            except BlockingIOError:
                sock.close()
        return got
    return Script("what the datagram sockets got", body)


def _bound_to(side):
    """The address the client meant, which is the server's own."""
    return side.state["server"].getsockname()[:2] if "server" in side.state else None


def _proxies(family):
    b, r = STACK_B[family], ROUTER[family]
    proxy = f"-j TPROXY --on-port {PORT} --tproxy-mark 0x1/0x1"
    rules = [f"-A PREROUTING -p tcp --dport 80 {proxy}", f"-A PREROUTING -p udp --dport 80 {proxy}",
             f"-A PREROUTING -p udp --dport 81 -j TPROXY --on-port 8001 --on-ip {r} --tproxy-mark 0x1/0x1",
             "-A PREROUTING -p udp --dport 82 -j TPROXY --on-port 8009 --tproxy-mark 0x1/0x1", "-A PREROUTING -j MARK --set-mark 0",
             "-A PREROUTING", "-A INPUT -m mark --mark 1", "-A INPUT", "-A FORWARD", "-A OUTPUT"]
    rule_set = {family: table("mangle", *rules) + filter_table("-A INPUT -m mark --mark 1", "-A INPUT -p tcp -m socket --transparent", "-A FORWARD")}
    talk = [connect("A", family, b, 80), Script("the server's address", _bound_to), say("client", "server", b"request"),
            say("server", "client", b"answer" * 50), Script("sockets closed", drop_sockets)]
    frames = [frame(packet(family, SRC[family], target, udp(5, port, b"data %d" % port))) for target in (DST[family], r)
              for port in (79, 80, 81, 82)]
    frames += [frame(packet(family, SRC[family], DST[family], tcp(5, 80, flags, ack=9))) for flags in ("A", "R")]
    for name, transparent in (("transparent", True), ("ordinary", False)):
        yield Case(f"tproxy{family}-{name}", rule_set,
                   [_ways(family, "add"), _socket(family, "tcp", PORT, transparent), _socket(family, "udp", PORT, transparent),
                    _socket(family, "udp", 8001, transparent), *talk, *frames, _datagrams(PORT, 8001), _ways(family, "del")])
    yield Case(f"tproxy{family}-nobody", rule_set, [_ways(family, "add"), *talk[:1], *frames, _ways(family, "del")])


def cases():
    for family in FAMILIES:
        yield from _copies(family)
        yield from _proxies(family)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo's peer does to the host: each probe sends real packets and tells how the host answered.

Run inside the peer's namespace; prints a JSON list of [probe, answer].
"""

import json
import socket
import struct
import sys
import time

import pair

PATIENCE = 0.4  # seconds until no answer is "silence"


def tcp(port):
    with socket.socket() as client:
        client.settimeout(PATIENCE)
        try:
            client.connect((pair.HOST, port))
            client.sendall(b"hello")
            answer = client.recv(100)
            time.sleep(0.05)  # lets a delayed ACK go out alone, in each run alike
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with one RST
            return "served" if answer == b"hello" else "no echo"
        except ConnectionRefusedError:
            return "refused (RST)"
        except TimeoutError:
            return "silence"
        except OSError as error:
            return error.strerror


def udp(port, size=20, source=pair.PEER):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.bind((source, 0))
        client.connect((pair.HOST, port))
        try:
            client.send(bytes(size))
            return "served" if len(client.recv(65535)) == size else "no echo"
        except ConnectionRefusedError:
            return "port unreachable (ICMP)"
        except TimeoutError:
            return "silence"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ping():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(PATIENCE)
        request = struct.pack("!BBHHH", 8, 0, 0, 77, 1) + bytes(32)
        request = request[:2] + struct.pack("!H", checksum(request)) + request[4:]
        raw.sendto(request, (pair.HOST, 0))
        try:
            while raw.recv(100)[20] != 0:
                pass
            return "served"
        except TimeoutError:
            return "silence"


def tcp_flags(port, flags):
    """One TCP segment with just these flags, out of the blue."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.settimeout(PATIENCE)
        segment = struct.pack("!HHIIBBHHH", 40000 + flags, port, 1, 0, 5 << 4, flags, 1000, 0, 0)
        pseudo = socket.inet_aton(pair.PEER) + socket.inet_aton(pair.HOST) + struct.pack("!BBH", 0, 6, len(segment))
        segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
        raw.sendto(segment, (pair.HOST, 0))
        try:
            return "refused (RST)" if raw.recv(100)[33] & 4 else "answered"
        except TimeoutError:
            return "silence"


PROBES = [
    ("ping", ping),
    ("TCP 22, ssh", lambda: tcp(22)),
    ("TCP 443, one of a multiport", lambda: tcp(443)),
    ("TCP 8042, inside a range", lambda: tcp(8042)),
    ("TCP 23, not offered", lambda: tcp(23)),
    ("UDP 123, time", lambda: udp(123)),
    ("UDP 123 in three fragments", lambda: udp(123, size=4000)),
    ("UDP 33440, traceroute", lambda: udp(33440)),
    ("UDP 9, dropped", lambda: udp(9)),
    ("UDP 5000, logged, then policy", lambda: udp(5000)),
    ("UDP 123 from 192.0.2.78", lambda: udp(123, source=pair.BOGUS)),
    ("TCP 22 with SYN and FIN", lambda: tcp_flags(22, 0x03)),
    ("TCP 80 with RST, no connection", lambda: tcp_flags(80, 0x04)),
]


if __name__ == "__main__":
    json.dump([[name, probe()] for name, probe in PROBES], sys.stdout)

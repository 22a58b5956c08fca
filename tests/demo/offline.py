# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo without a kernel: the ruleset and hand-made packets go through the interpreter (build/bin/replay)."""

import os
import socket
import struct
import subprocess

from pair import BOGUS, HOST, PEER

ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16


def ip(protocol, payload, source=PEER, destination=HOST, fragment=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination)) + payload


def tcp(port, flags, source_port=40000):
    return struct.pack("!HHIIBBHHH", source_port, port, 1, 0, 5 << 4, flags, 64240, 0, 0)


def udp(port, size=20):
    return struct.pack("!HHHH", 40000, port, 8 + size, 0) + bytes(size)


# (what, connection state, packet); as at INPUT of eth0.
PACKETS = [
    ("ping", "NEW", ip(ICMP, struct.pack("!BBHHH", 8, 0, 0, 77, 1) + bytes(32))),
    ("TCP 22, ssh: SYN", "NEW", ip(TCP, tcp(22, SYN))),
    ("TCP 22, ssh: the rest", "ESTABLISHED", ip(TCP, tcp(22, ACK))),
    ("TCP 443, one of a multiport", "NEW", ip(TCP, tcp(443, SYN))),
    ("TCP 8042, inside a range", "NEW", ip(TCP, tcp(8042, SYN))),
    ("TCP 23, not offered", "NEW", ip(TCP, tcp(23, SYN))),
    ("UDP 123, time", "NEW", ip(UDP, udp(123))),
    ("UDP 33440, traceroute", "NEW", ip(UDP, udp(33440))),
    ("UDP 9, dropped", "NEW", ip(UDP, udp(9))),
    ("UDP 5000, logged, then policy", "NEW", ip(UDP, udp(5000))),
    ("UDP 123 from " + BOGUS, "NEW", ip(UDP, udp(123), source=BOGUS)),
    ("TCP 22 with SYN and FIN", "INVALID", ip(TCP, tcp(22, SYN | FIN))),
    ("ICMP error for a connection", "RELATED", ip(ICMP, struct.pack("!BBHI", 3, 3, 0, 0) + ip(UDP, udp(53), HOST, PEER))),
    ("a later fragment", "NEW", ip(UDP, udp(123), fragment=100)),
]


def main(ruleset, directory):
    tool = os.path.join(directory, "replay")
    text = "".join(f"INPUT eth0 - {state} {packet.hex()}\n" for _, state, packet in PACKETS)
    ran = subprocess.run([tool, ruleset], input=text, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        print(ran.stderr, end="")
        return ran.returncode
    verdicts, _, save = ran.stdout.partition("\n\n")
    print("Instead, the same rules and packets in the interpreter: what becomes of each packet,\n")
    for (what, state, _), verdict in zip(PACKETS, verdicts.splitlines()):
        print(f"  {what:32} {state:12} {verdict}")
    print("\nand what each rule has counted:\n")
    print("".join(f"  {line}\n" for line in save.splitlines() if not line.startswith("#")), end="")
    return 0

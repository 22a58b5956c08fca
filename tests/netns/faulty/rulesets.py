# SPDX-License-Identifier: GPL-2.0-or-later
"""Two rulesets to switch between: what one accepts the other drops, and some ports both treat alike."""

ACCEPTED, DROPPED, ONLY_A, ONLY_B = 1000, 2000, 3001, 3002


def ruleset(marker, letter):
    """`letter`: "A" or "B". They differ in length, order and chains."""
    own, other = (ONLY_A, ONLY_B) if letter == "A" else (ONLY_B, ONLY_A)
    padding = [f"-A INPUT -s 172.16.{number}.0/24 -p tcp -m tcp --dport {number + 1} -j DROP" for number in range(40 if letter == "A" else 7)]
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", f":only-{letter} - [0:0]",
             *padding[::2],
             f"-A INPUT -p udp -m udp --dport {DROPPED} -j DROP",
             f"-A INPUT -p udp -m udp --dport {ACCEPTED} -j ACCEPT",
             *padding[1::2],
             f"-A INPUT -p udp -m comment --comment {marker} -j only-{letter}",
             f"-A only-{letter} -p udp -m udp --dport {own} -j ACCEPT",
             f"-A only-{letter} -p udp -m udp --dport {other} -j DROP", "COMMIT"]
    return "\n".join(lines) + "\n"

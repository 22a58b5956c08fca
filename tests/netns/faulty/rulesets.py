# SPDX-License-Identifier: GPL-2.0-or-later
"""Two rulesets to switch between: what one accepts the other drops, and some ports both treat alike: plainly, or by asking the
kernel's own match (ASKED) or effect (REFUSED). Only one needs conntrack."""

ACCEPTED, ASKED, DROPPED, REFUSED, ONLY_A, ONLY_B, WITNESS = 1000, 1002, 2000, 2002, 3001, 3002, 1001
ALWAYS, NEVER = (ACCEPTED, ASKED), (DROPPED, REFUSED)


def ruleset(marker, letter, more=0):
    """`letter`: "A" or "B". They differ in length, order and chains. `more` rules that match nothing here stand before the others."""
    own, other = (ONLY_A, ONLY_B) if letter == "A" else (ONLY_B, ONLY_A)
    padding = [f"-A INPUT -s 172.16.{number}.0/24 -p tcp -m tcp --dport {number + 1} -j DROP" for number in range(40 if letter == "A" else 7)]
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", f":only-{letter} - [0:0]",
             *(f"-A INPUT -s 10.{number >> 8 & 255}.{number & 255}.{1 if letter == 'A' else 2}/32 -p tcp -m tcp --dport {number + 1} -j DROP"
               for number in range(more)),
             *padding[::2],
             f"-A INPUT -p udp -m udp --dport {DROPPED} -j DROP",
             f"-A INPUT -p udp -m udp --dport {ACCEPTED} -j ACCEPT",
             *(["-A INPUT -m conntrack --ctstate INVALID -j DROP"] if letter == "A" else []),
             f"-A INPUT -p udp -m udp --dport {ASKED} -m addrtype --dst-type LOCAL -j ACCEPT",
             f"-A INPUT -p udp -m udp --dport {REFUSED} -j REJECT",
             *padding[1::2],
             f"-A INPUT -p udp -m comment --comment {marker} -j only-{letter}",
             f"-A only-{letter} -p udp -m udp --dport {own} -j ACCEPT",
             f"-A only-{letter} -p udp -m udp --dport {other} -j DROP", "COMMIT"]
    return "\n".join(lines) + "\n"

# SPDX-License-Identifier: GPL-2.0-or-later
"""A conntrack table without room: what must not pass doesn't, commands do their work, and once there is room again all is as before."""

import socket

from faulty.rulesets import ACCEPTED, DROPPED, ruleset
from faulty.traffic import Stream, drain
from faulty.world import HOST, World, soon

FIRST, LAST = 20000, 60000  # ports that the flood may have


def flood(world, connections):
    """So many connections of one datagram each."""
    while connections > 0:
        with world.peer.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for port in range(FIRST, LAST):
            sender.sendto(b"", (HOST, port))
        connections -= LAST - FIRST
        sender.close()


def full(report):
    with World("full-table") as world:
        more = f"-I INPUT -p udp -m udp --dport {FIRST}:{LAST} -j ACCEPT\n-I INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT"
        texts = [ruleset(world.marker, letter).replace("COMMIT", more) for letter in "AB"]
        world.restore(texts[0])
        most = int(world.run("cat", "/proc/sys/net/netfilter/nf_conntrack_max")[1])

        def there():
            return int(world.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count")[1])
        with Stream(world, (ACCEPTED, DROPPED)) as stream:
            flood(world, most + most // 10)
            reached = there()
            for number in range(6):
                world.restore(texts[(number + 1) % 2])
                report.equal(world.run("iptables", "-w", "-A", "INPUT", "-s", f"203.0.113.{number}", "-j", "DROP"), (0, ""), "an edit")
                report.check(f"203.0.113.{number}/32" in world.save(), f"edit {number} isn't in force")
        report.check(reached > most * 0.95, f"the table never was full: {reached} of {most}")
        report.equal(stream.arrived[DROPPED], 0, "arrived at the port that is dropped")
        report.equal(world.run("conntrack", "-F")[0], 0, "exit of conntrack -F")
        report.check(soon(lambda: there() < most // 2), "the table stays full")
        receiver, send = world.receiver(ACCEPTED), world.sender(ACCEPTED)
        send(b"again")
        report.check(soon(lambda: drain(receiver) == 1, 2), "a new connection doesn't come through afterwards")
        receiver.close()
        report.fact(f"{reached} connections of {most}, {stream.sent[ACCEPTED] - stream.arrived[ACCEPTED]} of {stream.sent[ACCEPTED]} packets lost to the kernel meanwhile")


def tests():
    yield "a full conntrack table", full

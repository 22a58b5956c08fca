# SPDX-License-Identifier: GPL-2.0-or-later
"""Reloads and edits under traffic: no packet slips through, none is lost, no count goes missing."""

from faulty.rulesets import ACCEPTED, DROPPED, ruleset
from faulty.traffic import Stream
from faulty.world import World

RELOADS, EDITS = 300, 30


def reloads(report):
    with World("reloads") as world:
        texts = [ruleset(world.marker, letter) for letter in "AB"]
        world.restore(texts[1])
        with Stream(world, (ACCEPTED, DROPPED)) as stream:
            for number in range(RELOADS):
                world.restore(texts[number % 2])
        report.equal(stream.arrived, {ACCEPTED: stream.sent[ACCEPTED], DROPPED: 0}, f"of {stream.sent}, arrived")
        report.fact(f"{sum(stream.sent.values())} packets")


def edits(report):
    with World("edits") as world:
        world.restore(ruleset(world.marker, "A"))
        with Stream(world, (ACCEPTED, DROPPED)) as stream:
            for number in range(EDITS):
                for what in (["-I", "INPUT", "1"], ["-D", "INPUT"]):
                    code, output = world.run("iptables", "-w", *what, "-s", f"10.9.8.{number}", "-j", "DROP")
                    report.check(code == 0 and not output, f"exit {code}: {output}")
        for port in (ACCEPTED, DROPPED):
            report.equal(world.counter(f"--dport {port}")[0], stream.sent[port], f"counted at port {port}")
        report.equal(stream.arrived, {ACCEPTED: stream.sent[ACCEPTED], DROPPED: 0}, f"of {stream.sent}, arrived")
        report.fact(f"{sum(stream.sent.values())} packets")


def tests():
    yield f"{RELOADS} reloads under traffic", reloads
    yield f"{2 * EDITS} edits under traffic: no count is lost", edits

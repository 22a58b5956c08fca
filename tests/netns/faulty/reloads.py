# SPDX-License-Identifier: GPL-2.0-or-later
"""Reloads and edits under traffic: no packet slips through, none is lost, no count goes missing."""

from faulty import amount
from faulty.rulesets import ALWAYS, NEVER, ruleset
from faulty.traffic import Stream
from faulty.world import World

RELOADS = {"xdp": amount(60, 1000), "tc": amount(60, 1000), "off": amount(180, 1000)}  # by place of the early stage
EDITS = 30


def reloads(report, early):
    with World(f"reloads-{early}") as world:
        world.environment["XTBPF_EARLY"] = early
        texts = [ruleset(world.marker, letter) for letter in "AB"]
        world.restore(texts[1])
        with Stream(world, ALWAYS + NEVER) as stream:
            for number in range(RELOADS[early]):
                world.restore(texts[number % 2])
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.fact(f"{sum(stream.sent.values())} packets")


def edits(report):
    with World("edits") as world:
        world.restore(ruleset(world.marker, "A"))
        with Stream(world, ALWAYS + NEVER) as stream:
            for number in range(EDITS):
                for what in (["-I", "INPUT", "1"], ["-D", "INPUT"]):
                    code, output = world.run("iptables", "-w", *what, "-s", f"10.9.8.{number}", "-j", "DROP")
                    report.check(code == 0 and not output, f"exit {code}: {output}")
        for port in ALWAYS + NEVER:
            report.equal(world.counter(f"--dport {port} ")[0], stream.sent[port], f"counted at port {port}")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.fact(f"{sum(stream.sent.values())} packets")


def tests():
    for early, count in RELOADS.items():
        yield f"{count} reloads under traffic, early stage {early}", lambda report, early=early: reloads(report, early)
    yield f"{2 * EDITS} edits under traffic: no count is lost", edits

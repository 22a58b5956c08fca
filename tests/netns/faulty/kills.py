# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at any moment leaves one of the two rulesets in force, whole, and nothing behind."""

import random
import subprocess
import tempfile
import time

from faulty import amount
from faulty.pair import Pair
from faulty.rulesets import ALWAYS, NEVER, ruleset
from faulty.traffic import Stream
from faulty.world import World, rules_of

EDITS = amount(100, 1000)
ROUNDS = {0: amount(150, 500), 5000: amount(20, 200)}  # by rules that are there besides


class Moments:
    """Random times at which to kill, as often too early as too late, however busy the machine is."""

    def __init__(self, seed, duration):
        self._chance, self._latest = random.Random(seed), 2 * duration
        self.early = self.late = 0

    def wait(self):
        time.sleep(self._chance.uniform(0, self._latest))

    def was(self, late):
        self._latest *= 0.93 if late else 1 / 0.93
        self.late += late
        self.early += not late

    def check(self, report):
        report.check(min(self.early, self.late) > (self.early + self.late) // 20, f"killed too early or too late: {self}")

    def __str__(self):
        return f"{self.early} old, {self.late} new"


def killed(report, more):
    with World("kills") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        pair, now = Pair(world, directory, more), "B"
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            for letter in "ABAB":
                report.equal(world.run("iptables-restore", pair.files[letter], "-w"), (0, ""), "left alone")
            duration = (time.monotonic() - began) / 4
            moments = Moments(1, duration)
            for number in range(ROUNDS[more]):
                wanted = "A" if now == "B" else "B"
                process = world.start("iptables-restore", pair.files[wanted], "-w", stderr=subprocess.DEVNULL)
                moments.wait()
                process.kill()
                process.wait()
                if not (now := pair.in_force(report, f"kill {number}")):
                    return
                moments.was(late=now == wanted)
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        pair.check_held(report)
        moments.check(report)
        report.fact(f"{duration * 1000:.0f} ms each, {moments}, {sum(stream.sent.values())} packets meanwhile")


def edits_killed(report):
    """Each edit changes a rule in place; what it leaves half done must neither be heeded nor keep the next ones from their work."""
    with World("kills") as world:
        world.restore(ruleset(world.marker, "A", 5000))
        before = rules_of(world.save())
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            for verb in "ADAD":
                report.equal(world.run("iptables", "-w", f"-{verb}", "INPUT", "-s", "203.0.113.1/32", "-j", "DROP"), (0, ""), "left alone")
            duration = (time.monotonic() - began) / 4
            moments, there = Moments(2, duration), False
            for number in range(EDITS):
                process = world.start("iptables", "-w", "-D" if there else "-A", "INPUT", "-s", "203.0.113.1/32", "-j", "DROP", stderr=subprocess.DEVNULL)
                moments.wait()
                process.kill()
                process.wait()
                found = rules_of(world.save())
                now = len(found) > len(before)
                report.check([line for line in found if "203.0.113.1/32" not in line] == before, f"kill {number}: the other rules changed")
                moments.was(late=now != there)
                there = now
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        moments.check(report)
        report.fact(f"{duration * 1000:.0f} ms each, {moments}")


def tests():
    yield f"{EDITS} kills of edits of 5000 rules at random moments", edits_killed
    for more, rounds in ROUNDS.items():
        size = f" of {more} rules" if more else ""
        yield f"{rounds} kills of iptables-restore{size} at random moments", lambda report, more=more: killed(report, more)

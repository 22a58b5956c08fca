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


def killed(report, more):
    chance = random.Random(1)
    with World("kills") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        pair, now = Pair(world, directory, more), "B"
        outcomes = {"old": 0, "new": 0}
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            for letter in "ABAB":
                report.equal(world.run("iptables-restore", pair.files[letter], "-w"), (0, ""), "left alone")
            duration = (time.monotonic() - began) / 4
            for number in range(ROUNDS[more]):
                wanted = "A" if now == "B" else "B"
                process = world.start("iptables-restore", pair.files[wanted], "-w", stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 2 * duration))
                process.kill()
                process.wait()
                if not (now := pair.in_force(report, f"kill {number}")):
                    return
                outcomes["new" if now == wanted else "old"] += 1
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        pair.check_held(report)
        report.check(min(outcomes.values()) > ROUNDS[more] // 20, f"killed too early or too late: {outcomes}")
        report.fact(f"{duration * 1000:.0f} ms each, {outcomes['old']} old, {outcomes['new']} new, {sum(stream.sent.values())} packets meanwhile")


def edits_killed(report):
    """Each edit changes a rule in place; what it leaves half done must neither be heeded nor keep the next ones from their work."""
    chance = random.Random(2)
    with World("kills") as world:
        world.restore(ruleset(world.marker, "A", 5000))
        before = rules_of(world.save())
        outcomes = {"old": 0, "new": 0}
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            for verb in "ADAD":
                report.equal(world.run("iptables", "-w", f"-{verb}", "INPUT", "-s", "203.0.113.1/32", "-j", "DROP"), (0, ""), "left alone")
            duration = (time.monotonic() - began) / 4
            there = False
            for number in range(EDITS):
                process = world.start("iptables", "-w", "-D" if there else "-A", "INPUT", "-s", "203.0.113.1/32", "-j", "DROP", stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 2 * duration))
                process.kill()
                process.wait()
                found = rules_of(world.save())
                now = len(found) > len(before)
                report.check([line for line in found if "203.0.113.1/32" not in line] == before, f"kill {number}: the other rules changed")
                outcomes["new" if now != there else "old"] += 1
                there = now
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.check(min(outcomes.values()) > EDITS // 20, f"killed too early or too late: {outcomes}")
        report.fact(f"{duration * 1000:.0f} ms each, {outcomes['old']} old, {outcomes['new']} new")


def tests():
    yield f"{EDITS} kills of edits of 5000 rules at random moments", edits_killed
    for more, rounds in ROUNDS.items():
        size = f" of {more} rules" if more else ""
        yield f"{rounds} kills of iptables-restore{size} at random moments", lambda report, more=more: killed(report, more)

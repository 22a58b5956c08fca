# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at any moment leaves one of the two rulesets in force, whole, and nothing behind."""

import random
import subprocess
import tempfile
import time

from faulty import amount
from faulty.pair import Pair
from faulty.rulesets import ALWAYS, NEVER
from faulty.traffic import Stream
from faulty.world import World

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
                time.sleep(chance.uniform(0, duration))
                process.kill()
                process.wait()
                if not (now := pair.in_force(report, f"kill {number}")):
                    return
                outcomes["new" if now == wanted else "old"] += 1
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        pair.check_held(report)
        report.check(min(outcomes.values()) > ROUNDS[more] // 20, f"killed too early or too late: {outcomes}")
        report.fact(f"{duration * 1000:.0f} ms each, {outcomes['old']} old, {outcomes['new']} new, {sum(stream.sent.values())} packets meanwhile")


def tests():
    for more, rounds in ROUNDS.items():
        size = f" of {more} rules" if more else ""
        yield f"{rounds} kills of iptables-restore{size} at random moments", lambda report, more=more: killed(report, more)

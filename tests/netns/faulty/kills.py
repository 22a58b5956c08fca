# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at any moment leaves one of the two rulesets in force, whole, and nothing behind."""

import random
import subprocess
import tempfile
import time

from faulty.rulesets import ALWAYS, NEVER, ONLY_A, ONLY_B, ruleset
from faulty.traffic import Probe, Stream
from faulty.world import World, kernel_objects, rules_of, soon

ROUNDS = 150
WITNESS = 1001


def held(world):
    stores, programs = kernel_objects(world.marker)
    return len(stores), len(programs), world.run("tc", "filter", "show", "dev", "eth0", "ingress")[1].count("handle")


def killed(report):
    chance = random.Random(1)
    with World("kills") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        files, saved = {}, {}
        for letter in "AB":
            text = ruleset(world.marker, letter).replace("COMMIT", f"-I INPUT -p udp -m udp --dport {WITNESS} -j ACCEPT\nCOMMIT")
            files[letter] = f"{directory}/{letter}"
            with open(files[letter], "w", encoding="ascii") as file:
                file.write(text)
            world.restore(text)
            saved[letter] = rules_of(world.save())
        before = held(world)
        expected = {"A": {ONLY_A}, "B": {ONLY_B}}
        outcomes = {"old": 0, "new": 0}
        probe, now = Probe(world, (ONLY_A, ONLY_B), WITNESS), "B"
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            for letter in "ABAB":
                report.equal(world.run("iptables-restore", files[letter], "-w"), (0, ""), "left alone")
            duration = (time.monotonic() - began) / 4
            for _ in range(ROUNDS):
                wanted = "A" if now == "B" else "B"
                process = world.start("iptables-restore", files[wanted], "-w", stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, duration))
                process.kill()
                process.wait()
                rules = rules_of(world.save())
                found = [letter for letter in "AB" if saved[letter] == rules]
                if not report.check(found, "neither ruleset is in force:\n" + "\n".join(rules)):
                    return
                outcomes["new" if found == [wanted] else "old"] += 1
                now = found[0]
                report.equal(probe.accepted(), expected[now], f"accepted under {now}")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        world.restore(ruleset(world.marker, "B"))
        report.check(soon(lambda: held(world) == before), f"stores, programs, tc filters: {held(world)}, were {before}")
        report.check(min(outcomes.values()) > ROUNDS // 20, f"killed too early or too late: {outcomes}")
        report.fact(f"{duration * 1000:.0f} ms each, {outcomes['old']} old, {outcomes['new']} new, {sum(stream.sent.values())} packets meanwhile")


def tests():
    yield f"{ROUNDS} kills of iptables-restore at random moments", killed

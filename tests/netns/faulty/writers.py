# SPDX-License-Identifier: GPL-2.0-or-later
"""Many writers at once: with the lock, without waiting for it, without it, and beside others who change nf_tables."""

import subprocess
import tempfile
import threading

from faulty import amount
from faulty.rulesets import ruleset
from faulty.world import World, rules_of

TABLE = "iptables-bpf"
WRITERS, QUEUE, REWRITES = amount(16, 64), 64, amount(20, 200)


def at_once(world, options, environments=(), writers=WRITERS):
    """Each writer appends a rule of its own. {rule: (exit code, output)}"""
    started = {}
    for number in range(writers):
        environment = environments[number] if environments else None
        rule = f"-A INPUT -s 203.0.113.{number}/32 -j DROP"
        started[rule] = world.start("iptables", *options, *rule.split(), environment=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return {rule: (process.wait(60), process.stdout.read()) for rule, process in started.items()}


def check_rules(report, world, results):
    """Those there are those whose writers succeeded, each once."""
    there = [line for line in world.save().splitlines() if "203.0.113." in line]
    report.equal(sorted(there), sorted(rule for rule, (code, _) in results.items() if code == 0), "rules that are there")


def waiting(report):
    with World("waiting") as world:
        world.restore(ruleset(world.marker, "A"))
        results = at_once(world, ["-w"], writers=QUEUE)
        report.equal(set(results.values()), {(0, "")}, "answers")
        check_rules(report, world, results)


def impatient(report):
    with World("impatient") as world:
        world.restore(ruleset(world.marker, "A"))
        results = at_once(world, [])
        for code, output in results.values():
            held = code == 4 and "Another app is currently holding the xtables lock. Perhaps you want to use the -w option?" in output
            report.check(held or (code, output) == (0, ""), f"exit {code}: {output}")
        check_rules(report, world, results)
        report.fact(f"{sum(code == 4 for code, _ in results.values())} turned away")


def lockless(report, more=0):
    """Each holds a lock of its own: the kernel's generation number must sort them out, or the state of the image that they edit."""
    with World("lockless") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        world.restore(ruleset(world.marker, "A", more))
        results = at_once(world, ["-w"], [{"XTABLES_LOCKFILE": f"{directory}/{number}"} for number in range(WRITERS)])
        for code, output in results.values():
            report.check((code, output) == (0, "") or (code == 4 and ("nf_tables" in output or "another command" in output)),
                         f"exit {code}: {output}")
        check_rules(report, world, results)
        report.fact(f"{sum(code == 4 for code, _ in results.values())} overtaken")


class Disturbance:
    """A context: the same nft commands over and over; `times` of them."""

    def __init__(self, world, commands):
        self.times, self._world, self._commands, self._end = 0, world, commands, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.is_set():
            self._world.run("nft", self._commands)
            self.times += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def foreign(report):
    with World("foreign") as world:
        world.restore(ruleset(world.marker, "A"))
        with Disturbance(world, "add table ip foreign; add chain ip foreign c; delete table ip foreign") as others:
            results = at_once(world, ["-w"])
        report.equal(set(results.values()), {(0, "")}, "answers")
        check_rules(report, world, results)
        report.fact(f"{others.times} foreign transactions")


def intruder(report):
    """Somebody adds to our own table and takes it away again."""
    with World("intruder") as world:
        world.restore(ruleset(world.marker, "A"))
        with Disturbance(world, f"add chain ip {TABLE} c; add rule ip {TABLE} c counter drop; flush chain ip {TABLE} c; delete chain ip {TABLE} c") as others:
            results = at_once(world, ["-w"])
        for code, output in results.values():
            report.check((code, output) == (0, "") or (code in (1, 4) and output), f"exit {code}: {output}")
        check_rules(report, world, results)
        report.fact(f"{others.times} intrusions, {sum(code != 0 for code, _ in results.values())} writers turned away")


def wrecker(report):
    """Somebody takes our table away: the rules are gone, as after a flush, and the next restore puts all of them back."""
    with World("wrecker") as world:
        saved = {}
        for letter in "AB":
            world.restore(ruleset(world.marker, letter))
            saved[letter] = rules_of(world.save())
        answers = {}
        with Disturbance(world, f"delete table ip {TABLE}") as others:
            for number in range(REWRITES):
                code, output = world.run("iptables-restore", "-w", text=ruleset(world.marker, "AB"[number % 2]))
                report.check((code, output) == (0, "") or (code in (1, 2, 4) and output), f"exit {code}: {output}")
                answers[code] = answers.get(code, 0) + 1
                found = rules_of(world.save())
                report.check(found in (*saved.values(), []) or "Cannot initialize" in found[0], f"neither ruleset, nor none: {found[:5]}")
        for letter in "AB":
            world.restore(ruleset(world.marker, letter))
            report.equal(rules_of(world.save()), saved[letter], "rules afterwards")
        report.fact(f"{others.times} deletions, restores by exit code: {answers}")


def tests():
    yield f"{QUEUE} writers that wait for the lock", waiting
    yield f"{WRITERS} writers that don't wait", impatient
    yield f"{WRITERS} writers without a common lock", lockless
    yield f"{WRITERS} writers without a common lock on 5000 rules", lambda report: lockless(report, 5000)
    yield f"{WRITERS} writers beside foreign nf_tables transactions", foreign
    yield f"{WRITERS} writers beside somebody who changes our nf_tables table", intruder
    yield f"{REWRITES} restores beside somebody who deletes our nf_tables table", wrecker

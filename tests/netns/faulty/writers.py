# SPDX-License-Identifier: GPL-2.0-or-later
"""Many writers at once: with the lock, without waiting for it, without it, and beside others who change nf_tables."""

import subprocess
import tempfile
import threading

from faulty.rulesets import ruleset
from faulty.world import World

WRITERS = 16


def at_once(world, options, environments=()):
    """Each writer appends a rule of its own. {rule: (exit code, output)}"""
    started = {}
    for number in range(WRITERS):
        environment = environments[number] if environments else None
        rule = f"-A INPUT -s 10.6.0.{number}/32 -j DROP"
        started[rule] = world.start("iptables", *options, *rule.split(), environment=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return {rule: (process.wait(60), process.stdout.read()) for rule, process in started.items()}


def check_rules(report, world, results):
    """Those there are those whose writers succeeded, each once."""
    there = [line for line in world.save().splitlines() if "10.6.0." in line]
    report.equal(sorted(there), sorted(rule for rule, (code, _) in results.items() if code == 0), "rules that are there")


def waiting(report):
    with World("waiting") as world:
        world.restore(ruleset(world.marker, "A"))
        results = at_once(world, ["-w"])
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


def lockless(report):
    """Each holds a lock of its own: the kernel's generation number must sort them out."""
    with World("lockless") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        world.restore(ruleset(world.marker, "A"))
        results = at_once(world, ["-w"], [{"XTABLES_LOCKFILE": f"{directory}/{number}"} for number in range(WRITERS)])
        for code, output in results.values():
            report.check((code, output) == (0, "") or (code == 4 and "nf_tables" in output), f"exit {code}: {output}")
        check_rules(report, world, results)
        report.fact(f"{sum(code == 4 for code, _ in results.values())} overtaken")


def foreign(report):
    with World("foreign") as world:
        world.restore(ruleset(world.marker, "A"))
        end, transactions = threading.Event(), [0]

        def disturb():
            while not end.is_set():
                world.run("nft", "add table ip foreign; add chain ip foreign c; delete table ip foreign")
                transactions[0] += 1
        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            results = at_once(world, ["-w"])
        finally:
            end.set()
            thread.join()
        report.equal(set(results.values()), {(0, "")}, "answers")
        check_rules(report, world, results)
        report.fact(f"{transactions[0]} foreign transactions")


def tests():
    yield f"{WRITERS} writers that wait for the lock", waiting
    yield f"{WRITERS} writers that don't wait", impatient
    yield f"{WRITERS} writers without a common lock", lockless
    yield f"{WRITERS} writers beside foreign nf_tables transactions", foreign

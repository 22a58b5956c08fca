# SPDX-License-Identifier: GPL-2.0-or-later
"""Reloads and edits under traffic: no packet slips through, none is lost, no count goes missing."""

import random
import re

from faulty import amount
from faulty.rulesets import ALWAYS, NEVER, ruleset
from faulty.traffic import Stream
from faulty.world import World

RELOADS = {"xdp": amount(60, 1000), "tc": amount(60, 1000), "off": amount(180, 1000)}  # by place of the early stage
EDITS = 30
TURNS = amount(80, 2000)
FILL = "-p tcp -m tcp --dport 1 -j "
TURN = {"filter INPUT": ["-F INPUT", f"-A INPUT {FILL}ACCEPT", f"-I INPUT {FILL}REJECT"],
        "security INPUT": ["-F INPUT", "-F", f"-A INPUT {FILL}ACCEPT"],
        # Moves the base chains of hooks with rules to another nf_tables table and back (MOVED).
        "mangle INPUT": ["-F INPUT", "-F", *(f"-A {chain} {FILL}TCPOPTSTRIP --strip-options sack" for chain in ("INPUT", "PREROUTING"))]}
MOVED = "mangle INPUT"


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


def emptied(report):
    """nf_tables itself counts at a hook without rules, and programs where there are some: whoever did, it is told, and told once."""
    with World("emptied") as world:
        choose = random.Random(1)
        told = dict.fromkeys(TURN, 0)

        def turn(place):
            code, output = world.run("iptables", "-w", "-t", place.split()[0], *choose.choice(TURN[place]).split())
            report.check(code == 0 and not output, f"exit {code}: {output}")

        def tell(place):
            table, chain = place.split()
            code, output = world.run("iptables", "-w", "-t", table, "-L", chain, "-v", "-x", "-n", "-Z")
            report.equal(code, 0, output)
            told[place] += int(re.search(r"policy ACCEPT (\d+) packets", output).group(1))

        for place in TURN:
            turn(place)
        with Stream(world, ALWAYS) as stream:
            for _ in range(TURNS):
                turn(choose.choice(list(TURN)))
                if choose.random() < 0.2:
                    tell(choose.choice(list(TURN)))
        for place in TURN:
            tell(place)
            sent = sum(stream.sent.values())
            # While nf_tables takes a base chain away, for some microseconds, its rules and those in the new place both see packets.
            twice = TURNS if place == MOVED else 0
            report.check(sent <= told[place] <= sent + twice, f"{place} counted {told[place]} of {sent}")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.fact(f"{sum(stream.sent.values())} packets")


def meddled(report):
    """Whoever resets nf_tables' own counters, or takes the store away from beside them, can't make them count twice or below zero."""
    with World("meddled") as world:
        send = world.sender(ALWAYS[0])
        receiver = world.receiver(ALWAYS[0])

        def packets(count, expected, what):
            for _ in range(count):
                send(b"x")
            line = next(line for line in world.save("-c").splitlines() if line.startswith(":INPUT"))
            report.equal(int(re.search(r"\[(\d+):", line).group(1)), expected, what)

        def run(*command):
            code, output = world.run(*command)
            report.equal(code, 0, f"{command}: {output}")

        run("iptables", "-F")
        packets(5, 5, "no rules")
        run("iptables", "-A", "OUTPUT", "-j", "ACCEPT")  # its commit has seen five
        run("nft", "reset", "counters")
        packets(2, 7, "reset")
        run("iptables", "-Z")
        packets(3, 3, "zeroed after that")
        run("nft", "flush", "chain", "ip", "iptables-bpf", "filter-store")
        run("iptables", "-A", "OUTPUT", "-j", "ACCEPT")
        packets(4, 4, "a new table beside the old counters")
        run("nft", "reset", "counters")
        run("iptables", "-Z")
        packets(1, 1, "reset and zeroed")
        receiver.close()


def tests():
    for early, count in RELOADS.items():
        yield f"{count} reloads under traffic, early stage {early}", lambda report, early=early: reloads(report, early)
    yield f"{TURNS} times a chain is emptied or filled under traffic: no count is lost", emptied
    yield "nf_tables' own counters reset, and without their store", meddled
    yield f"{2 * EDITS} edits under traffic: no count is lost", edits

# SPDX-License-Identifier: GPL-2.0-or-later
"""Restore files made to hurt: refused or done, in bounded time and memory, with iptables' own texts; the old rules stay in force."""

import itertools
import resource
import subprocess
import time

from faulty import amount
from faulty.rulesets import ruleset
from faulty.world import World, rules_of

INPUT_MB, JUMPS = amount(50, 1000), amount(100_000, 10_000_000)
SECONDS = amount(60, 600)
MB = 1 << 20
BUSY, RULE = 64 * MB, 1000  # bytes of memory: at least, and for each rule of the input


def chained(count, jumps=1, last=None):
    """INPUT to c0 to c1 ..., each by so many rules alike; the last one to the chain number `last`."""
    yield "*filter\n" + "".join(f":c{number} - [0:0]\n" for number in range(count)) + "-A INPUT -j c0\n"
    for number in range(count - 1):
        yield f"-A c{number} -j c{number + 1}\n" * jumps
    if last is not None:
        yield f"-A c{count - 1} -j c{last}\n"
    yield "COMMIT\n"


def wide(chains, jumps):
    yield "*filter\n:e - [0:0]\n" + "".join(f":c{number} - [0:0]\n-A INPUT -j c{number}\n" for number in range(chains))
    for number in range(chains):
        yield f"-A c{number} -j e\n" * jumps
    yield "COMMIT\n"


def long_line(first):
    return itertools.chain((first,), itertools.repeat("x" * MB, INPUT_MB), ("\nCOMMIT\n",))


# (what, its text in parts, rules, exit code, part of the answer)
INPUTS = (
    (f"{INPUT_MB} MB of comments", lambda: itertools.repeat(("#" + "y" * 1023 + "\n") * 1024, INPUT_MB), 0, 0, ""),
    (f"a line of {INPUT_MB} MB", lambda: long_line("*filter\n-A INPUT -s "), 0, 2, "Error occurred at line: 2"),
    (f"a comment of {INPUT_MB} MB in one line", lambda: long_line("#"), 0, 1, "line 2 failed"),
    ("no end of quotes", lambda: ("*filter\n", '-A INPUT -m comment --comment "', "z" * MB, "\nCOMMIT\n"), 0, 2, "Error occurred at line: 2"),
    ("nothing but NULs", lambda: ("\0" * MB,), 0, 1, "line 1 failed"),
    ("a line cut short by NUL", lambda: ("*filter\n-A INPUT -j NOSUCH\0 -j DROP\nCOMMIT\n",), 0, 2, "NOSUCH"),
    ("noise", lambda: ("*filter\n", "".join(chr(33 + number * number * 7 % 90) for number in range(MB)), "\nCOMMIT\n"), 0, 2, "Error occurred at line: 2"),
    ("600 chains, each in the one before", lambda: chained(600, 2), 1200, 1, "nest deeper than 512"),
    ("a loop through 2,000 chains", lambda: chained(2000, 1, 0), 2000, 1, "line 4003 failed"),
    ("a loop of one", lambda: chained(1, 1, 0), 2, 1, "line 5 failed"),
    ("jumps that multiply", lambda: chained(100, 100), 10_000, 1, "line 10003 failed"),
    (f"{JUMPS:,} jumps", lambda: wide(100, JUMPS // 100), JUMPS, 1, f"line {JUMPS + 203} failed"),
)


def feed(process, parts):
    try:
        for part in parts:
            process.stdin.write(part)
        process.stdin.close()
    except BrokenPipeError:
        pass
    process.stdin = None


def hostile(report):
    with World("hostile") as world:
        world.restore(ruleset(world.marker, "A"))
        before = rules_of(world.save())
        for what, parts, rules, wanted, answer in INPUTS:
            bound, began = BUSY + RULE * rules + 40 * MB, time.monotonic()
            process = world.start("prlimit", f"--as={bound + 200 * MB}", "--", world.path("iptables-restore"), "-w", stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            feed(process, parts())
            output, _ = process.communicate(timeout=SECONDS)
            report.check(process.returncode == wanted and answer in output, f"{what}: exit {process.returncode}, not {wanted}: {output[:600]}")
            report.equal(rules_of(world.save()), before, f"{what}: rules afterwards")
            if (took := time.monotonic() - began) > 2:
                report.fact(f"{what} {took:.1f} s")
        report.fact(f"at most {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MB")


def starved(report):
    """Less and less memory: whatever allocation fails, the command says so."""
    with World("starved") as world:
        world.restore(ruleset(world.marker, "A"))
        before, answers = rules_of(world.save()), {}
        for megabytes in range(14, 104, amount(9, 1)):
            process = world.start("prlimit", f"--as={megabytes * MB}", "--", world.path("iptables-restore"), "-w", stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output, _ = process.communicate(ruleset(world.marker, "A", 5000), timeout=SECONDS)
            code = process.returncode
            report.check(code == 0 or (code > 0 and output.strip()), f"{megabytes} MB: exit {code}: {output}")
            report.check(code == 0 or rules_of(world.save()) == before, f"{megabytes} MB: exit {code}, but other rules are in force")
            if code == 0:
                world.restore(ruleset(world.marker, "A"))
            answers[code] = answers.get(code, 0) + 1
        report.fact(f"by exit code: {answers}")


def tests():
    yield "restore files made to hurt", hostile
    yield "less and less memory", starved

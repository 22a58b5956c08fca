#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random rulesets and packets through both sides of the twin-namespace comparison.

    random_twins.py [--seeds N | --forever] [--first SEED] [--subject DIR] [--reference legacy|DIR] [--early xdp|tc|off]
                    [--chains code|data]

A seed always makes the same case. On a difference: the seed, what differs, and the smallest case found that still shows it.
"""

import itertools
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin.case import Case  # noqa: E402
from twin.compare import Twin  # noqa: E402
from twin.options import parse, unable  # noqa: E402
from twin.rules import Rules  # noqa: E402
from twin.shrink import shrink  # noqa: E402
from twin.traffic import Traffic  # noqa: E402


def case_of(seed):
    rng = random.Random(seed)
    stateful = rng.random() < 0.6
    rules = {family: Rules(rng, family, stateful).tables() for family in (4, 6)}
    traffic = Traffic(rng)
    steps = traffic.steps(4, 150) + traffic.steps(6, 150)
    return Case(f"seed {seed}", rules, steps, listen=[(family, kind, port) for family in (4, 6)
                                                      for kind, port in (("udp", 7000), ("tcp", 8000))])


def show(twin, case, problems):
    for line in problems:
        print(f"    {line}")
    small = shrink(twin, case)
    print("    smallest case that was found:")
    for family, text in small.rules.items():
        for line in text.splitlines():
            if line.startswith(("*", "-A")) or " DROP [" in line:
                print(f"      IPv{family} {line}")
    for step in small.steps:
        print(f"      {step}")
    for line in twin.run(small):
        print(f"    {line}")
    sys.stdout.flush()


def main():
    options = parse(__doc__, lambda parser: (
        parser.add_argument("--seeds", type=int, default=30), parser.add_argument("--first", type=int, default=1),
                                             parser.add_argument("--forever", action="store_true")))
    if unable(options, options.seeds):
        return 77
    passed = failed = 0
    with Twin(options.reference, options.subject, options.environment) as twin:
        for seed in itertools.count(options.first) if options.forever else range(options.first, options.first + options.seeds):
            case = case_of(seed)
            began = time.monotonic()
            problems = twin.run(case)
            print(f"{'FAIL' if problems else 'PASS'} {case.name} ({len(case.steps)} steps, {twin.facts}, {time.monotonic() - began:.2f} s)",
                  flush=True)
            passed, failed = passed + (not problems), failed + bool(problems)
            if problems:
                show(twin, case, problems)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

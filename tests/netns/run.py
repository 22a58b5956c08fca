#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The twin-namespace comparison: every case through iptables-legacy and through this project's programs.

    run.py [--subject DIR] [--reference legacy|DIR] [--early xdp|tc|off] [--list] [CASE...]

CASE is a name or a part of one. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all.
"""

import importlib
import os
import pkgutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases as themes  # noqa: E402
from twin.compare import Twin  # noqa: E402
from twin.options import parse, unable  # noqa: E402


def all_cases():
    for module in sorted(pkgutil.iter_modules(themes.__path__), key=lambda found: found.name):
        yield from importlib.import_module(f"cases.{module.name}").cases()


def run(twin, case):
    """True if both sides agree; prints the case's line and what differs."""
    began = time.monotonic()
    problems = twin.run(case)
    print(f"{'FAIL' if problems else 'PASS'} {case.name} ({len(case.steps)} steps, {twin.facts}, {time.monotonic() - began:.2f} s)",
          flush=True)
    if problems:
        for line in problems + ([] if problems[0].startswith("restore") else twin.diagnose(case)):
            print(f"    {line}", flush=True)
    return not problems


def main():
    options = parse(__doc__, lambda parser: (parser.add_argument("--list", action="store_true"), parser.add_argument("case", nargs="*")))
    chosen = [case for case in all_cases() if not options.case or any(part in case.name for part in options.case)]
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    if unable(options, len(chosen)):
        return 77
    with Twin(options.reference, options.subject, options.environment) as twin:
        passed = sum(run(twin, case) for case in chosen)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())

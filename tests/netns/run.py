#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The twin-namespace comparison: every case through iptables-legacy and through this project's programs.

    run.py [--subject DIR] [--reference legacy|DIR] [--early xdp|tc|off] [--chains code|data] [--jobs N] [--list] [CASE...]

CASE is a name or a part of one. With --jobs, that many processes share the themes among them. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all.
"""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases as themes  # noqa: E402
import outcome  # noqa: E402
from twin.compare import Twin  # noqa: E402
from twin.options import parse, unable  # noqa: E402


def all_cases(share=0, shares=1):
    """A theme's cases are all in the same share: some of a theme look at what the whole machine has, as the kernel's log."""
    for module in sorted(pkgutil.iter_modules(themes.__path__), key=lambda found: found.name)[share::shares]:
        yield from importlib.import_module(f"cases.{module.name}").cases()


def run_shares(count):
    """Runs this program `count` times at once, each with its share; their output as it comes, and the sum."""
    children = [subprocess.Popen([sys.executable, *sys.argv, "--share", f"{share}/{count}"], stdout=subprocess.PIPE, text=True)
                for share in range(count)]
    last = [""] * count

    def follow(share):
        for line in children[share].stdout:
            print(last[share], end="", flush=True)
            last[share] = line
    readers = [threading.Thread(target=follow, args=(share,)) for share in range(count)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    codes = [child.wait() for child in children]
    sums = [re.fullmatch(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n", line) for line in last]
    if not all(sums):
        print(*last, "a share ended without a sum: 0 passed, 1 failed", sep="\n")
        return 1
    passed, failed, skipped = (sum(int(one.group(kind) or 0) for one in sums) for kind in (1, 2, 3))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return max(codes)


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
    options = parse(__doc__, lambda parser: (parser.add_argument("--list", action="store_true"), parser.add_argument("case", nargs="*"),
                                             parser.add_argument("--jobs", type=int, default=1), parser.add_argument("--share", default="0/1")))
    share, shares = map(int, options.share.split("/"))
    if options.jobs > 1 and shares == 1:
        return run_shares(options.jobs)
    chosen = [case for case in all_cases(share, shares) if not options.case or any(part in case.name for part in options.case)]
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    if unable(options, len(chosen)):
        return 77
    with Twin(options.reference, options.subject, options.environment) as twin:
        return outcome.of(run(twin, case) for case in chosen)


if __name__ == "__main__":
    sys.exit(main())

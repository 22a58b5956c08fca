#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests the comparison itself: iptables-legacy against itself must be equal, against a spoilt iptables-legacy it must not.

Each spoilt program is a script around iptables-legacy that changes the rules it is given, or the counters it prints.
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import outcome  # noqa: E402
from run import all_cases  # noqa: E402
from random_twins import case_of  # noqa: E402
from twin.compare import Twin  # noqa: E402
from twin.options import parse, unable  # noqa: E402
from twin.tool import FAMILIES  # noqa: E402

# What is spoilt: (name, sed script for restore's input, sed script for save's output, a case that must notice)
SPOILT = (
    ("another port is dropped", "s/--dport 80 -j DROP/--dport 81 -j DROP/", "", "reassembly4"),
    ("saved text hides it", "s/--dport 3 -j DROP/--dport 9 -j DROP/", "s/--dport 9 -j DROP/--dport 3 -j DROP/", "repeated4"),
    ("a counter is off by one byte", "", r"s/^\[1:35\]/[1:36]/", "ttl-expires4"),
    ("REJECT answers with another code", "s/icmp-host-unreachable/icmp-net-unreachable/", "s/icmp-net-unreachable/icmp-host-unreachable/",
     "reject4-forward-icmp-host-unreachable"),
    ("a rule is lost", "/--ctstate INVALID -j DROP/d", "", "related4"),
    ("a policy accepts", "s/^:OUTPUT DROP/:OUTPUT ACCEPT/", "s/^:OUTPUT ACCEPT/:OUTPUT DROP/", "policies4"),
    ("restore complains", "s/^COMMIT/nonsense/", "", "empty6"),
)


def spoil(directory, restore, save):
    for name in FAMILIES.values():
        for applet, text in (("-restore", f"sed '{restore}' | {name}-legacy-restore \"$@\""),
                             ("-save", f"{name}-legacy-save \"$@\" | sed '{save}'")):
            path = os.path.join(directory, name + applet)
            with open(path, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{text}\n")
            os.chmod(path, 0o755)


def main():
    options = parse(__doc__, lambda parser: None)
    options.subject = "legacy"
    if unable(options, len(SPOILT) + 1):
        return 77
    cases = {case.name: case for case in all_cases()}
    results = []

    def note(good, what):
        results.append(good)
        print(f"{'PASS' if good else 'FAIL'} {what}", flush=True)

    with Twin("legacy", "legacy") as twin:
        different = [case.name for case in [*(cases[row[3]] for row in SPOILT), case_of(1)] if twin.run(case)]
        note(not different, f"legacy equals itself {' '.join(different)}")
    for name, restore, save, case in SPOILT:
        with tempfile.TemporaryDirectory(prefix="xtbpf-spoilt-") as directory:
            spoil(directory, restore, save)
            with Twin("legacy", directory) as twin:
                note(bool(twin.run(cases[case])), f"noticed: {name}")
    return outcome.of(results)


if __name__ == "__main__":
    sys.exit(main())

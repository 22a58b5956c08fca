#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever fails leaves the old rules in force, whole: bad input, missing rights, kills, rivals, namespaces that go.

    faults.py [--long] [--verbose] [PART...]

PART is a part of a test's name. --long: as many kills, reloads and failing system calls as it takes to be sure, for an hour. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from faulty import bad_input, full_table, hostile, injections, kills, migration, places, reloads, rights, run, writers  # noqa: E402

THEMES = (bad_input, full_table, hostile, rights, places, writers, reloads, kills, injections, migration)


def main():
    parts = [part for part in sys.argv[1:] if not part.startswith("--")]
    chosen = [(name, test) for theme in THEMES for name, test in theme.tests()
              if not parts or any(part in name for part in parts)]
    if reasons := machine.lacks():
        return outcome.unable(reasons, len(chosen))
    return outcome.of(run(name, test) for name, test in chosen)


if __name__ == "__main__":
    sys.exit(main())

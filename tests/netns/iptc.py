#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that speak the kernel's ip_tables interface, with libiptables-bpf preloaded, and the same ones with the kernel: iptables-legacy on
sample rulesets, on every extension and on edits, python-iptables, miniupnpd, a program with libip4tc alone.

    iptc.py [--all] [PART...]

PART is a part of a test's name; --all: every sample ruleset. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from clientele import packages  # noqa: E402
from faulty import run  # noqa: E402
from preloaded.commands import counters, edits, writers  # noqa: E402
from preloaded.programs import bare, miniupnpd, python  # noqa: E402
from preloaded.rulesets import extensions, samples  # noqa: E402


def main():
    parts = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    chosen = [test for test in (samples, extensions, edits, counters, writers, python, miniupnpd, bare) if not parts or any(part in test.__name__ for part in parts)]
    reasons = machine.lacks() or ([] if machine.legacy_iptables() else ["the kernel's iptables-legacy"])
    if not reasons and {python, miniupnpd} & set(chosen) and (why := packages.unpack()):
        reasons = [why]
    if reasons:
        return outcome.unable(reasons, len(chosen))
    return outcome.of(run(test.__name__, test) for test in chosen)


if __name__ == "__main__":
    sys.exit(main())

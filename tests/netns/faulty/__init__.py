# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold when things go wrong. A theme is a module with tests(): (name, function of a Report) pairs."""

import sys
import time

LONG, VERBOSE = "--long" in sys.argv, "--verbose" in sys.argv


def amount(quick, long):
    """How much of something: what CI has time for, or what --long asks for."""
    return long if LONG else quick


class Report:
    """Collects what is wrong in one test."""

    def __init__(self):
        self.problems, self.facts = [], []

    def check(self, good, problem):
        if not good:
            self.problems.append(str(problem))
        return good

    def equal(self, found, wanted, what):
        return self.check(found == wanted, f"{what}: {found!r}, not {wanted!r}")

    def fact(self, text):
        self.facts.append(text)


def run(name, test):
    """Runs a test and prints its line; whether it passed."""
    report, began = Report(), time.monotonic()
    try:
        test(report)
    except Exception as error:  # one broken test doesn't hide the others
        report.problems.append(f"{type(error).__name__}: {error}")
    facts = "".join(fact + ", " for fact in report.facts)
    print(f"{'FAIL' if report.problems else 'PASS'} {name} ({facts}{time.monotonic() - began:.1f} s)", flush=True)
    for problem in report.problems[:10]:
        print("    " + problem.replace("\n", "\n    "), flush=True)
    return not report.problems

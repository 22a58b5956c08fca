# SPDX-License-Identifier: GPL-2.0-or-later
"""How a program of tests ends: the line that tests/run.py reads, and the exit code: 0 if all passed, 1 if one failed, 77 if none could run."""


def of(results):
    """`results`: whether each test passed, as they run."""
    passed = list(results)
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


def unable(reasons, count):
    """What this machine lacks for these tests."""
    print(f"can't run: this machine lacks {'; '.join(reasons)}\n0 passed, 0 failed, {count} skipped")
    return 77

# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a failing case smaller: fewer steps, fewer rules, as long as it still fails."""

import dataclasses
import time

from .compare import WRONG


def _without(items, still_fails, deadline):
    """Removes runs of items, halving the length of a run each round."""
    size = max(len(items) // 2, 1)
    while size and time.monotonic() < deadline:
        start = 0
        while start < len(items) and time.monotonic() < deadline:
            rest = items[:start] + items[start + size:]
            if still_fails(rest):
                items = rest
            else:
                start += size
        size //= 2
    return items


def _fails(twin, case):
    problems = twin.run(case)
    return bool(problems) and not problems[0].startswith(WRONG)


def shrink(twin, case, seconds=30):
    """A smaller case with a difference of its own; `case` itself if it doesn't fail again."""
    deadline = time.monotonic() + seconds
    if not _fails(twin, case):
        return case

    case = dataclasses.replace(case,
                               steps=_without(case.steps, lambda steps, case=case: _fails(twin, dataclasses.replace(case, steps=steps)),
                                              deadline))
    for family in list(case.rules):
        others = {number: text for number, text in case.rules.items() if number != family}
        if _fails(twin, dataclasses.replace(case, rules=others)):
            case = dataclasses.replace(case, rules=others)
            continue
        lines = case.rules[family].splitlines(keepends=True)

        def text(kept, lines=lines):
            return "".join(line for position, line in enumerate(lines) if position in kept or not line.startswith("-A"))
        rules = [position for position, line in enumerate(lines) if line.startswith("-A")]
        rules = _without(rules, lambda kept, case=case, family=family,
                         text=text: _fails(twin, dataclasses.replace(case, rules=case.rules | {family: text(kept)})), deadline)
        case = dataclasses.replace(case, rules=case.rules | {family: text(rules)})
    return case

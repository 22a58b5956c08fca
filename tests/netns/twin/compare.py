# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a case on both sides and says what differs: exit codes, the answer to each step, counters of each rule."""

import os
import re
from dataclasses import dataclass

from .side import Side
from .tool import empty, finish, said, tables

WRONG = "the case itself is wrong"
_SHOWN = 4  # differences of each kind that are reported


@dataclass
class Facts:
    """What the reference did in the last case: a case that meets nothing proves nothing."""
    frames: int = 0
    met: int = 0
    rules: int = 0

    def __str__(self):
        return f"{self.frames} frames out, {self.met} of {self.rules} rules met"


class Twin:
    """Both sides. The process stays on one CPU, so that packets keep their order; the programs it starts don't."""

    def __init__(self, reference, subject, environment=None):
        self._cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(self._cpus)})
        self.sides = [Side("reference", reference), Side("subject", subject, environment)]
        for side in self.sides:
            side.become_quiet()
        self._attaches_xdp = (environment or {}).get("XTBPF_EARLY") == "xdp"
        self.facts = Facts()
        self._touched = {4: set(), 6: set()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for side in self.sides:
            side.close()
        os.sched_setaffinity(0, self._cpus)

    def run(self, case, stepwise=False):
        """Differences as lines of text; none: the same. `stepwise` reads the counters after every step."""
        self.facts = Facts()
        problems = self._restore(case)
        if problems:
            return problems
        if self._attaches_xdp:
            self._wait_for_reports(case)
        for side in self.sides:
            side.begin(case)
        for number, step in enumerate(case.steps, 1):
            outcomes = [side.outcome(step, case.ends) for side in self.sides]
            self.facts.frames += sum(len(frames) for frames in outcomes[0][1].values())
            if case.exact or outcomes[0][0] != outcomes[1][0]:
                found = _compare_outcomes(*outcomes)
                if found and len(problems) < _SHOWN:
                    problems += [f"step {number} of {len(case.steps)}, {step}", *(f"  {line}" for line in found)]
            if stepwise:
                found = self._compare_saves(case)
                if found:
                    return problems + [f"first counters to differ: after step {number} of {len(case.steps)}, {step}",
                                       *(f"  {line}" for line in found)]
        received = [side.received() for side in self.sides]
        if received[0] != received[1]:
            problems.append(f"sockets in R received {received[0]!r}, subject's {received[1]!r}")
        entries = [side.connections() for side in self.sides]
        if case.exact and entries[0] != entries[1]:
            problems.append(f"conntrack entries in R: reference {entries[0]}, subject {entries[1]}")
        return problems + self._compare_saves(case)

    def diagnose(self, case):
        """Runs a case that failed once more, to find the step from which on it differs."""
        return self.run(case, stepwise=True)

    def _programs(self, family, applet, *arguments, text=""):
        os.sched_setaffinity(0, self._cpus)
        processes = [side.tool.start(family, applet, *arguments) for side in self.sides]
        os.sched_setaffinity(0, {max(self._cpus)})
        return [finish(process, text) for process in processes]

    def _restore(self, case):
        problems = []
        for family in (4, 6):
            text = case.rules.get(family, "")
            mentioned = set(re.findall(r"^\*(\S+)", text, re.MULTILINE))
            text += "".join(empty(table) for table in sorted(self._touched[family] - mentioned))
            self._touched[family] = mentioned
            if not text:
                continue
            results = self._programs(family, "-restore", text=text)
            if results[0][0] != 0:
                problems.append(f"{WRONG}: the reference's restore says {results[0]}")
            elif results[0] != results[1]:
                problems.append(f"restore: reference {results[0]}, subject {results[1]}")
        return problems

    def _wait_for_reports(self, case):
        """Attaching XDP by netlink makes IPv6 report its multicast groups again (addrconf_notify, NETDEV_CHANGE), which OUTPUT counts."""
        for side in self.sides:
            side.become_quiet()
        for family, text in case.rules.items():
            for name in re.findall(r"^\*(\S+)", text, re.MULTILINE):
                self._programs(family, "", "-t", name, "-Z")

    def _compare_saves(self, case):
        problems = []
        self.facts.rules = self.facts.met = 0
        for family, text in case.rules.items():
            reference, subject = self._programs(family, "-save", "-c")
            if said(reference) != said(subject):
                problems.append(f"save: reference {said(reference)}, subject {said(subject)}")
                continue
            saves = tables(reference[1]), tables(subject[1])
            for name in re.findall(r"^\*(\S+)", text, re.MULTILINE):
                self._note(saves[0].get(name, []))
                lines = [save.get(name, [f"table {name} is missing"]) for save in saves]
                if case.edited:
                    lines = [[re.sub(r"^(:\S+ \w+) \[.*", r"\1", line) for line in part] for part in lines]
                if not case.exact:
                    lines = [[re.sub(r"\[0*[1-9]\d*:\d+\]", "[moved]", line) for line in part] for part in lines]
                problems += _compare_lines(f"IPv{family} {name}", *lines)
        return problems

    def _note(self, lines):
        rules = [line for line in lines if line.startswith("[")]
        self.facts.rules += len(rules)
        self.facts.met += sum(not line.startswith("[0:0]") for line in rules)


def _compare_outcomes(reference, subject):
    problems = []
    if reference[0] != subject[0]:
        problems.append(f"result: reference {reference[0]!r}, subject {subject[0]!r}")
    for end, expected in reference[1].items():
        got = subject[1][end]
        if expected != got:
            problems.append(f"out at {end}: reference {len(expected)} frames, subject {len(got)}")
            for which, frames, others in (("reference", expected, got), ("subject", got, expected)):
                problems += [f"  only from {which}: {frame.hex()}" for frame in frames if frame not in others][:2]
    return problems


def _compare_lines(where, reference, subject):
    problems = [f"{where}: reference {expected!r}, subject {got!r}" for expected, got in zip(reference, subject) if expected != got]
    if len(reference) != len(subject):
        problems.append(f"{where}: reference has {len(reference)} lines, subject {len(subject)}")
    return problems[:_SHOWN] + ([f"{where}: and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else [])

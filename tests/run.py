#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./dev test [STEP...]: builds, runs every kind of test and sums up; the last line is `N passed, N failed`.

A step is a command that ends with a googletest summary or with a line `N passed, N failed[, N skipped]`; any other command
counts as one test. Steps that need the kernel are skipped, loudly, where it can't be had; with CI=true that is a failure.
"""

import os
import re
import shutil
import subprocess
import sys
import time

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "test-logs")
ON_CI = os.environ.get("CI") == "true"
FUZZ_SECONDS = "10"
SEEDS = "20"


class Step:
    """`ahead`: a command that can run beside the steps before this one, from the build on."""

    def __init__(self, name, what, command, kernel=False, ahead=None):
        self.name, self.what, self.command, self.kernel, self.ahead = name, what, command, kernel, ahead
        self.began = None

    def begin(self):
        """Most tests wait more than they compute; what runs beside them takes what they leave."""
        if self.ahead:
            self.began = subprocess.Popen(["nice", "-n", "19", "sh", "-c", self.ahead], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def configure(preset):
    directory = "build" if preset == "release" else "build-" + preset.split("-")[0]
    launcher = "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache" if shutil.which("ccache") else ""
    return f"{{ [ -f {directory}/build.ninja ] || cmake --preset {preset} {launcher}; }} && cmake --build {directory}"


SANITIZED = configure("sanitizers") + " --target unit_tests fuzzers"
STEPS = [
    Step("build", "release build", configure("release")),
    Step("unit", "unit tests", "build/bin/unit_tests --gtest_brief=1"),
    Step("golden", "rulesets against their golden files", "build/bin/golden"),
    Step("texts", "texts, errors and exit codes of commands", "python3 tests/text/compare.py --golden"),
    Step("text-twin", "the same commands through iptables-legacy", "python3 tests/text/compare.py", kernel=True),
    Step("kernel", "tests that ask the running kernel", "build/bin/kernel_tests", kernel=True),
    Step("twin", "the same frames through iptables-legacy and this", "python3 tests/netns/run.py --jobs 2", kernel=True),
    Step("twin-itself", "does the comparison notice what differs", "python3 tests/netns/selftest.py", kernel=True),
    Step("seeds", "random rulesets and packets, compared likewise", f"python3 tests/netns/random_twins.py --seeds {SEEDS}", kernel=True),
    Step("seeds-data", "others, all chains data", f"python3 tests/netns/random_twins.py --first 1000 --seeds {SEEDS} --chains data", kernel=True),
    Step("faults", "bad input, missing rights, kills, rivals: the old rules stay in force", "python3 tests/netns/faults.py", kernel=True),
    Step("clients", "ufw, ferm, fail2ban and others that drive iptables", "python3 tests/netns/clients.py", kernel=True),
    Step("iptc", "iptables-legacy, python-iptables and miniupnpd with the library preloaded", "python3 tests/netns/iptc.py", kernel=True),
    Step("installed", "the Debian package, alternatives, services under their units' rights", "python3 tests/netns/installed.py", kernel=True),
    Step("xtbpf", "what xtbpf tells of rules in force, and the service", "python3 tests/netns/xtbpf.py", kernel=True),
    Step("sanitizers", "unit tests under address and undefined behaviour sanitizers",
         SANITIZED + " && build-sanitizers/bin/unit_tests --gtest_brief=1", ahead=SANITIZED),
    Step("fuzz", f"fuzzers, {FUZZ_SECONDS} s each", f"tests/fuzz/run {FUZZ_SECONDS}"),
    Step("format", "clang-format", "./dev fmt --check"),
]


def count(output, code):
    """(passed, failed, skipped) from what a step printed."""
    lines = [line for line in output.splitlines() if line.strip()]
    summary = re.match(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", lines[-1]) if lines else None
    if summary:
        passed, failed, skipped = (int(number or 0) for number in summary.groups())
    else:
        passed, failed, skipped = (int(found.group(1)) if (found := re.search(pattern, output, re.M)) else 0 for pattern in (
            r"^\[  PASSED  \] (\d+) test", r"^\[  FAILED  \] (\d+) test", r"^\[  SKIPPED \] (\d+) test"))
        if passed + failed + skipped == 0:
            passed = 1 if code == 0 else 0
    if code not in (0, 77) and failed == 0: # 77: it couldn't run at all, and says so
        failed = 1  # a crash, or a summary that doesn't tell
    return passed, failed, skipped


def run(step):
    log = os.path.join(LOGS, step.name + ".log")
    if step.began:
        step.began.wait()  # what went wrong there goes wrong again, and shows
    with open(log, "w") as out:
        code = subprocess.run(step.command, shell=True, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    with open(log, errors="replace") as written:
        output = written.read()
    passed, failed, skipped = count(output, code)
    if failed:
        print("".join(f"    | {line}\n" for line in output.splitlines()[-40:]), end="")
        print(f"    | (all of it: {os.path.relpath(log, ROOT)})")
    return passed, failed, skipped


def kernel_objects():
    """What a test may leave behind: BPF programs of the types we load, our maps (xt_...), named network namespaces."""
    def listed(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = {f"program {match.group(1)}" for match in re.finditer(r"^(\d+): (?:socket_filter|sched_cls|xdp) ", listed("bpftool", "prog", "show"), re.M)}
    found |= {f"map {match.group(1)}" for match in re.finditer(r"^(\d+): \S+  name xt_", listed("bpftool", "map", "show"), re.M)}
    return found | {f"netns {line.split()[0]}" for line in listed("ip", "netns", "list").splitlines() if line}


def left_over(before):
    """The kernel frees a namespace's programs some time after it is gone: waits for that."""
    for _ in range(20):
        rest = kernel_objects() - before
        if not rest:
            break
        time.sleep(0.5)
    return sorted(rest)


def main():
    names = [step.name for step in STEPS]
    if sys.argv[1:] == ["list"]:
        print("".join(f"{step.name:8} {step.what}\n" for step in STEPS), end="")
        return 0
    if unknown := set(sys.argv[1:]) - set(names):
        print(f"no such step: {' '.join(unknown)}; there are: {' '.join(names)}", file=sys.stderr)
        return 2
    os.makedirs(LOGS, exist_ok=True)
    reasons = machine.lacks()
    if not reasons and not machine.legacy_iptables():
        reasons = ["the kernel's iptables-legacy, the oracle (module ip_tables or package iptables)"]
    before = set() if reasons else kernel_objects()
    totals = [0, 0, 0]
    chosen = [step for step in STEPS if not sys.argv[1:] or step.name in sys.argv[1:]]
    for step in chosen:
        start = time.monotonic()
        print(f"{step.name:8} {step.what} ...", flush=True)
        if step.kernel and reasons:
            passed, failed, skipped = 0, 0, 1
            print(f"    SKIPPED: this machine lacks {'; '.join(reasons)}")
        else:
            passed, failed, skipped = run(step)
        totals = [a + b for a, b in zip(totals, (passed, failed, skipped))]
        note = f", {skipped} skipped" if skipped else ""
        print(f"{step.name:8} {passed} passed, {failed} failed{note} ({time.monotonic() - start:.0f} s)", flush=True)
        if step.name == "build" and failed:
            break
        if step.name == "build":
            for later in chosen:
                later.begin()
    if not reasons and (rest := left_over(before)):
        print("leftovers: the tests left behind: " + ", ".join(rest))
        totals[1] += 1
    elif not reasons:
        totals[0] += 1
    passed, failed, skipped = totals
    if skipped:
        print(f"\n*** {skipped} SKIPPED: the rules were not tested in the kernel ***" + (" (a failure on CI)" if ON_CI else ""))
        failed += skipped if ON_CI else 0
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

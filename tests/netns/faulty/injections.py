# SPDX-License-Identifier: GPL-2.0-or-later
"""Each system call of a commit fails in turn, or is the one at which the process is killed: strace does it. The command says so
or succeeds all the same; one of the two rulesets is in force, whole; nothing is left behind."""

import collections
import re
import shutil
import subprocess
import tempfile

from faulty import LONG, VERBOSE, amount
from faulty.pair import Pair
from faulty.world import World

# What each may say. What can't fail, or whose failure nobody could tell (close, munmap), isn't asked to.
ERRORS = {
    "bpf": ("ENOMEM", "ENOSPC", "EINTR", "EPERM", "EAGAIN", "E2BIG"), "sendto": ("ENOBUFS", "ENOMEM", "EINTR"),
    "sendmsg": ("ENOBUFS", "ENOMEM", "EINTR"), "recvmsg": ("ENOBUFS", "EINTR", "ENOMEM"), "recvfrom": ("ENOBUFS", "EINTR"),
    "socket": ("EMFILE", "ENOBUFS", "EPROTONOSUPPORT"), "bind": ("ENOMEM",), "setsockopt": ("ENOMEM",), "getsockname": ("ENOBUFS",),
    "openat": ("EMFILE", "ENFILE", "ENOMEM", "ENOENT"), "read": ("EIO", "EINTR"), "newfstatat": ("ENOMEM",), "lseek": ("EIO",),
    "mmap": ("ENOMEM",), "mremap": ("ENOMEM",), "flock": ("ENOLCK", "EINTR"), "fcntl": ("EMFILE",), "dup3": ("EMFILE",),
    "ioctl": ("ENOMEM",), "write": ("ENOSPC",), "clone3": ("EAGAIN",), "poll": ("ENOMEM", "EINTR"), "epoll_wait": ("EINTR",),
}
KILLED = ("bpf", "sendto", "sendmsg", "recvmsg", "close")
PLACES = {0: amount(3, 250), 5000: amount(1, 8)}  # of one call, at most; by rules that are there besides
SECONDS = 60


class Tracer:
    def __init__(self, world, directory):
        self._world, self._log = world, f"{directory}/trace"

    def run(self, command, *options):
        """(exit code, negative by a signal; output)"""
        # Without --seccomp-bpf it stops at each call, not only those that are asked for; with it, signals aren't sent.
        options = options if any("signal=" in option for option in options) else ("--seccomp-bpf", *options)
        process = self._world.start("strace", "-f", "-qq", "-o", self._log, *options, "--", self._world.path(command[0]), *command[1:],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            return process.wait(SECONDS), process.stdout.read()
        except subprocess.TimeoutExpired:
            process.kill()
            return None, "still running"

    def calls(self, *command):
        """How often each call is made."""
        self.run(command)
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return collections.Counter(match.group(1) for line in log if (match := re.match(r"\d+ +(\w+)\(", line)))


def spread(first, last, most):
    """At most so many of the numbers first..last: both ends and some between, or the middle one."""
    count = min(most, last - first + 1)
    return sorted({first + (last - first) * number // max(1, count - 1) if count > 1 else (first + last) // 2 for number in range(count)}) if count > 0 else []


def failures(tracer, command, most):
    """(call, its number, what happens to it). The dynamic loader's calls, which come first, are left alone."""
    loader, calls = tracer.calls("iptables-restore", "--version"), tracer.calls(*command)
    for call in sorted(calls):
        for turn, number in enumerate(spread(loader[call] + 1, calls[call], most)):
            errors = ERRORS.get(call, ()) if most > 1 or call in KILLED else ()
            if errors:
                yield call, number, f"error={errors[turn % len(errors)]}"
            if call == "brk" and most > 1:  # it fails by its old value, which is above nothing
                yield call, number, "retval=0"
            if call in KILLED:
                yield call, number, "signal=SIGKILL"


def injected(report, more):
    if not report.check(shutil.which("strace"), "strace is missing (package strace)"):
        return
    with World("injected") as world, tempfile.TemporaryDirectory(prefix="xtbpf-faults-") as directory:
        pair, now, tracer = Pair(world, directory, more), "B", Tracer(world, directory)
        outcomes = collections.Counter()
        for call, number, what in list(failures(tracer, ("iptables-restore", pair.files["B"], "-w"), PLACES[more])):
            wanted, when = "A" if now == "B" else "B", f"{call} {number} {what}"
            code, output = tracer.run(("iptables-restore", pair.files[wanted], "-w"), "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}")
            report.check(code == 0 or code == -9 if "SIGKILL" in what else code == 0 or code in (1, 2, 3, 4) and output.strip(), f"{when}: exit {code}: {output}")
            if not (now := pair.in_force(report, f"{when}: exit {code}: {output.strip()}")):
                now = "B"
                world.run("iptables-restore", pair.files["B"], "-w")
                continue
            report.check(code != 0 or now == wanted, f"{when}: exit 0, but the old rules are in force: {output}")
            if VERBOSE:
                print(f"{when}: exit {code}, {now}: {output.strip()}", flush=True)
            outcomes["killed" if code == -9 else "passed" if code == 0 else "new rules, but a message" if now == wanted else "refused"] += 1
        pair.check_held(report)
        report.fact(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))


def tests():
    for more in PLACES:
        size = f" of {more} rules" if more else ""
        yield f"{'each' if LONG else 'some'} system call of a commit{size} fails", lambda report, more=more: injected(report, more)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules belong to the network namespace, however it is entered, and go with it."""

import os
import subprocess

from faulty.rulesets import ONLY_A, ONLY_B, ruleset
from faulty.traffic import Probe
from faulty.world import PROGRAMS, World, kernel_objects, rules_of, soon

WITNESS = 1001
NO_BPFFS = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/fs && exec "$@"', "sh")


def run(*command, text=""):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def entrances(report):
    name = f"xtbpf-{os.getpid()}-places"
    marker = f"faults-{os.getpid()}-places"
    ways = {"ip netns exec": ("ip", "netns", "exec", name), "nsenter": ("nsenter", f"--net=/run/netns/{name}"),
            "a mount namespace without bpffs": ("nsenter", f"--net=/run/netns/{name}", *NO_BPFFS)}
    restore, save = (os.path.join(PROGRAMS, f"iptables-{what}") for what in ("restore", "save"))
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for number, (what, way) in enumerate(ways.items()):
            wanted = ruleset(marker, "AB"[number % 2])
            report.equal(run(*way, restore, "-w", text=wanted), (0, ""), what)
            texts = {str(rules_of(run(*other, save)[1])) for other in ways.values()}
            report.check(len(texts) == 1 and f"only-{'AB'[number % 2]}" in texts.pop(), f"{what}: read differently elsewhere")
        report.equal([len(found) > 0 for found in kernel_objects(marker)], [True, True], "stores and programs found")
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
    report.check(soon(lambda: kernel_objects(marker) == (set(), set())), f"left behind: {kernel_objects(marker)}")


def nameless(report):
    """unshare -n: the namespace goes with its last process."""
    marker = f"faults-{os.getpid()}-nameless"
    restore, save = (os.path.join(PROGRAMS, f"iptables-{what}") for what in ("restore", "save"))
    code, output = run("unshare", "-n", "sh", "-c", f"{restore} -w && {save}", text=ruleset(marker, "A"))
    report.check(code == 0 and marker in output, f"exit {code}: {output}")
    report.check(soon(lambda: kernel_objects(marker) == (set(), set())), f"left behind: {kernel_objects(marker)}")


def neighbours(report):
    """The same device names, the same addresses, other rules."""
    def with_witness(world, letter):
        return ruleset(world.marker, letter).replace("INPUT -p udp -m comment", f"INPUT -i eth0 -p udp -m udp --dport {WITNESS} -j ACCEPT\n"
                                                     "-A INPUT -i eth0 -p udp -m comment")
    with World("one") as one, World("two") as two:
        probes = [Probe(world, (ONLY_A, ONLY_B), WITNESS) for world in (one, two)]
        report.equal([probe.accepted() for probe in probes], [{ONLY_A, ONLY_B}] * 2, "accepted without rules")
        for letters in ("AB", "BA", "AA"):
            for world, letter in zip((one, two), letters):
                world.restore(with_witness(world, letter))
            wanted = [{ONLY_A if letter == "A" else ONLY_B} for letter in letters]
            report.equal([probe.accepted() for probe in probes], wanted, f"accepted under {letters}")
        for _ in range(3):
            probes[0].accepted()
        report.equal([world.counter(f"--dport {WITNESS}")[0] for world in (one, two)], [4, 1], "counts")


def tests():
    yield "one namespace, entered in several ways; gone with it", entrances
    yield "a namespace without a name; gone with it", nameless
    yield "two namespaces with the same device names", neighbours

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./dev demo: one ruleset, twice: under the kernel's own iptables-legacy and under iptables-bpf, each in a scratch pair of
network namespaces. Real traffic from the peer; then what the peer saw, the counters, where the rules run and what a packet
costs, side by side. Without root or eBPF the rules meet the packets in the interpreter instead (offline.py)."""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import machine  # noqa: E402
import offline  # noqa: E402
from firewall import Firewall  # noqa: E402
from pair import BOGUS, HOST, Pair  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests", "demo")
SERVICES = ["tcp:22", "tcp:80", "tcp:443", "tcp:8042", "tcp:23", "udp:123", "udp:9", "udp:5000", "udp:33440"]


def heading(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def compare(rows, width, names):
    """Prints rows of (text, left, right) and tells how many differ."""
    print(f"  {'':{width}}  {names[0]:>24}  {names[1]:>24}")
    for text, left, right in rows:
        shown = text if len(text) <= width else text[:width - 3] + "..."
        print(f"  {shown:{width}}  {left:>24}  {right:>24}  {'' if left == right else '  <- differs'}")
    return sum(left != right for _, left, right in rows)


def show_traffic(pairs, firewalls):
    servers = [pair.start(pair.host, sys.executable, os.path.join(HERE, "server.py"), *SERVICES, stdout=subprocess.PIPE)
               for pair in pairs]
    for server in servers:
        server.stdout.readline()
    peers = [pair.start(pair.peer, sys.executable, os.path.join(HERE, "traffic.py"), stdout=subprocess.PIPE) for pair in pairs]
    left, right = (json.loads(peer.communicate(timeout=60)[0]) for peer in peers)
    heading("What the peer sees")
    differing = compare([(probe, a, b) for (probe, a), (_, b) in zip(left, right)], 34, [f.name for f in firewalls])
    heading("What each rule has counted (packets:bytes)")
    saves = [firewall.save(pair) for firewall, pair in zip(firewalls, pairs)]
    if [text for text, _ in saves[0]] != [text for text, _ in saves[1]]:
        print("  the two saves do not even hold the same rules")
        differing += 1
    return differing + compare([(text, a, b) for (text, a), (_, b) in zip(*saves)], 62, [f.name for f in firewalls])


def show_place(pair, directory):
    heading("Where the rules run")
    tool = os.path.join(directory, "xtbpf")
    print(re.sub("^", "  ", pair.inside(pair.host, tool, "status").rstrip(), flags=re.M))


def flood(pair, port, packets, source):
    return float(pair.inside(pair.peer, os.path.join(ROOT, "build", "bin", "flood"), HOST, str(port), str(packets), *source))


def show_cost(pairs, firewalls, packets):
    """The twins take turns, so that whatever else the machine does hits both alike; medians of nine."""
    heading("ns per packet, sending over the veth pair included (median of 9 turns)")
    cases = [("host-firewall: UDP 9, dropped", "host-firewall", 9, []),
             ("host-firewall: UDP 123 from 192.0.2.78", "host-firewall", 123, [BOGUS]),
             ("stateless-server: UDP 9, dropped", "stateless-server", 9, []),
             ("blocklist: the last of 69 in raw", "blocklist", 9, [BOGUS])]
    print(f"  {'':44}  {firewalls[0].name:>16}  {firewalls[1].name:>16}")
    for text, ruleset, port, source in cases:
        for firewall, pair in zip(firewalls, pairs):
            firewall.restore(pair, os.path.join(ROOT, "rulesets", ruleset + ".rules"))
        turns = [[flood(pair, port, packets, source) for pair in pairs] for _ in range(9)]
        legacy, ours = (statistics.median(column) for column in zip(*turns))
        print(f"  {text:44}  {legacy:16.0f}  {ours:16.0f}   x {legacy / ours:.2f}")


def main():
    parser = argparse.ArgumentParser(description="the demo of iptables-bpf")
    parser.add_argument("--ruleset", default=os.path.join(ROOT, "rulesets", "host-firewall.rules"))
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"), help="directory of the iptables programs to show")
    parser.add_argument("--packets", type=int, default=20000, help="packets per turn of the measurement")
    options = parser.parse_args()
    if reasons := machine.lacks():
        print("The rules can't run in this kernel; it lacks:\n" + "".join(f"  - {reason}\n" for reason in reasons))
        return offline.main(options.ruleset, options.bin)
    if not machine.legacy_iptables():
        print("There is nothing to compare with: iptables-legacy doesn't work here (module ip_tables).")
        return offline.main(options.ruleset, options.bin)
    firewalls = [Firewall("iptables-legacy", suffix="-legacy"), Firewall("iptables-bpf", options.bin)]
    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(Pair(label)) for label in ("legacy", "bpf")]
        print(f"Loading {os.path.relpath(options.ruleset, ROOT)} into two scratch hosts, {' and '.join(f.name for f in firewalls)}.")
        for firewall, pair in zip(firewalls, pairs):
            firewall.restore(pair, options.ruleset)
        differing = show_traffic(pairs, firewalls)
        show_place(pairs[1], options.bin)
        show_cost(pairs, firewalls, options.packets)
    print("\nVerdicts and counters are the same." if not differing else f"\n{differing} DIFFERENCES: this should not be.")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

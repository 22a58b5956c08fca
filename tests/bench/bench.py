#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./dev bench [--shape SHAPE...] [--rules N...] [--packets N] [--turns N] [--family 4|6]: what a packet costs that the last of N
rules is for.

Three scratch hosts (iptables-legacy, iptables-nft, iptables-bpf) take turns under a flood of small UDP datagrams over a veth
pair; the time includes sending. `alone`: what BPF_PROG_TEST_RUN says of iptables-bpf's INPUT program, less what it says of that of
no rules (and policy DROP, as with ACCEPT there is none); for IPv6 only this is measured. Also how long a restore, one -A and a save
take. Shapes: shapes.py. Medians with minimum and maximum go to build/bench/SHAPE.json, and pictures beside them (plot.py).
"""

import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "demo")]
import machine  # noqa: E402
import plot  # noqa: E402
import shapes  # noqa: E402
from firewall import Firewall  # noqa: E402
from pair import HOST, Pair  # noqa: E402

SLOWEST = 5.0  # ns that a rule costs at most: so that a turn doesn't take minutes


def summary(samples):
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "samples": len(samples)}


def udp_frame(family):
    """As the flood sends it, with whole checksums for IPv4's header only: nobody looks at the other."""
    udp = struct.pack("!HHHH", 4000, 9, 26, 0) + bytes(18)
    if family == 6:
        return bytes.fromhex("020000000001020000000002") + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + bytes(31) + b"\1" + bytes(31) + b"\2" + udp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes([10, 77, 0, 2]), bytes([10, 77, 0, 1]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    return bytes.fromhex("020000000001020000000002") + b"\x08\x00" + ip[:10] + struct.pack("!H", ~total & 0xFFFF) + ip[12:] + udp


def test_run(pair, options):
    """ns that the kernel reports for a run of the INPUT program, by itself, the least of some; None if it can't be run so."""
    told = json.loads(pair.inside(pair.host, os.path.join(options.bin, "xtbpf"), "status", "--json"))
    ids = [program["id"] for table in told["tables"] for program in table["programs"]
           if program["place"] == "netfilter" and program["name"] == "xt_input"]
    if not ids:
        return None
    with tempfile.NamedTemporaryFile() as frame:
        frame.write(udp_frame(options.family))
        frame.flush()
        runs = [subprocess.run(["bpftool", "prog", "run", "id", str(ids[0]), "data_in", frame.name, "repeat", "100000"],
                               capture_output=True, text=True, check=False).stdout for _ in range(9)]
    found = [int(match.group(1)) for run in runs if (match := re.search(r"duration \(average\): (\d+)ns", run))]
    return min(found) if found else None


def seconds(pair, *command, **how):
    start = time.monotonic()
    pair.inside(pair.host, *command, **how)
    return round(time.monotonic() - start, 4)


def commands(pair, firewall, options, text):
    """How long the commands take that put `text` in force, add a rule to it and save it."""
    stem = "iptables" if options.family == 4 else "ip6tables"
    extra = ("-t", "nat", "-A", "POSTROUTING") if "*nat" in text else ("-A", "FORWARD")
    return {"restore_s": seconds(pair, firewall.command(stem + "-restore"), "-w", input=text),
            "append_s": seconds(pair, firewall.command(stem), "-w", *extra, "-p", "udp", "-j", "ACCEPT"),
            "save_s": seconds(pair, firewall.command(stem + "-save"))}


def measure(shape, pairs, firewalls, count, options):
    text = shapes.ruleset(shape, count, options.family)
    out = {firewall.name: commands(pair, firewall, options, text) for firewall, pair in zip(firewalls, pairs)}
    if options.family == 4:
        packets = max(500, min(options.packets, int(1e9 / (2000 + count * SLOWEST))))
        flood = os.path.join(ROOT, "build", "bin", "flood")
        turns = [[float(pair.inside(pair.peer, flood, HOST, "9", str(packets))) for pair in pairs] for _ in range(options.turns + 1)]
        for firewall, samples in zip(firewalls, zip(*turns[1:])):
            out[firewall.name]["ns_per_packet"] = summary(samples)
    if count == 0:
        stem = "iptables" if options.family == 4 else "ip6tables"
        pairs[-1].inside(pairs[-1].host, firewalls[-1].command(stem), "-w", "-P", "INPUT", "DROP")
    out[firewalls[-1].name]["test_run_ns"] = test_run(pairs[-1], options)
    return out


def bench(shape, firewalls, options):
    results = {}
    print(f"\n{shape}, IPv{options.family}\n{'rules':>6} " + "".join(f"{firewall.name:>28}" for firewall in firewalls)
          + f"{'alone':>10}{'restore':>24}{'one -A':>24}")
    for count in options.rules:
        with contextlib.ExitStack() as stack:
            pairs = [stack.enter_context(Pair(label)) for label in ("legacy", "nft", "bpf")]
            for pair in pairs:  # a socket, so that ICMP errors don't enter the picture where nothing drops
                server = pair.start(pair.host, sys.executable, os.path.join(ROOT, "tests", "demo", "server.py"), "udp:9", stdout=subprocess.PIPE)
                server.stdout.readline()
            results[count] = measure(shape, pairs, firewalls, count, options)
        told = [results[count][firewall.name] for firewall in firewalls]
        base = results.get(0, {}).get(firewalls[-1].name, {}).get("test_run_ns")
        alone = told[-1]["test_run_ns"]
        if alone is not None and base is not None:
            told[-1]["alone_ns"] = alone - base
        cells = [each.get("ns_per_packet") for each in told]
        print(f"{count:>6} " + "".join((f"{c['median']:>10.0f} ({c['min']:.0f}-{c['max']:.0f}) ns" if c else "-").rjust(28) for c in cells)
              + (f"{told[-1].get('alone_ns', '-')} ns").rjust(10)
              + "".join((" / ".join(f"{each[command]:.2f}" for each in told) + " s").rjust(24) for command in ("restore_s", "append_s")),
              flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description="ns per dropped packet, beside iptables-legacy and iptables-nft")
    parser.add_argument("--shape", choices=shapes.SHAPES, nargs="+", default=["source-port"])
    parser.add_argument("--family", type=int, choices=(4, 6), default=4)
    parser.add_argument("--rules", type=int, nargs="*", default=[0, 10, 100, 1000])
    parser.add_argument("--packets", type=int, default=30000)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    options = parser.parse_args()
    if reasons := machine.lacks():
        print("bench: this machine lacks " + "; ".join(reasons), file=sys.stderr)
        return 1
    firewalls = [Firewall("iptables-legacy", suffix="-legacy"), Firewall("iptables-nft", suffix="-nft"), Firewall("iptables-bpf", options.bin)]
    for shape in options.shape:
        results = bench(shape, firewalls, options)
        target = os.path.join(ROOT, "build", "bench", f"{shape}-v{options.family}.json")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as out:
            json.dump({"kernel": platform.release(), "machine": platform.machine(), "cpus": os.cpu_count(),
                       "unit": "ns per packet, sending over a veth pair included", "rules": results}, out, indent=1)
        print(f"written to {os.path.relpath(target, ROOT)}" + plot.draw(target))
    return 0


if __name__ == "__main__":
    sys.exit(main())

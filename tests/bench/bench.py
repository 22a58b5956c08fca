#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./dev bench [--shape SHAPE] [--rules N...] [--packets N] [--turns N]: what a packet costs that the last of N rules is for.

Shapes: `drop`: that rule drops it; those before it ask for another source and port. `nat`: it gets another destination port, as
the first packet of its connection (one that INPUT drops is always that); the rules before it are for other services. Three scratch hosts (iptables-legacy, iptables-nft,
iptables-bpf) take turns under a flood of small UDP datagrams over a veth pair; the time includes sending;
`--rules 0` measures what is there without rules. Also: how long a restore and a save take, and what
BPF_PROG_TEST_RUN says of the INPUT program alone. Medians with minimum and maximum go to build/bench/SHAPE.json.
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
from firewall import Firewall  # noqa: E402
from pair import HOST, Pair  # noqa: E402


def table(name, chains, lines):
    return "\n".join([f"*{name}", *(f":{chain} ACCEPT [0:0]" for chain in chains), *lines, "COMMIT", ""])


def drop(count):
    lines = [f"-A INPUT -s 198.18.{i // 250}.{i % 250 + 1}/32 -p udp -m udp --dport {1000 + i} -j DROP" for i in range(count - 1)]
    lines += ["-A INPUT -p udp -m udp --dport 9 -j DROP"] if count else []
    return table("filter", ("INPUT", "FORWARD", "OUTPUT"), lines)


def nat(count):
    lines = [f"-A PREROUTING -d 198.{18 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}/32 -p udp -m udp --dport 53 -j DNAT "
             f"--to-destination 198.51.{i // 250 % 250}.{i % 250 + 1}:5353" for i in range(count - 1)]
    lines += [f"-A PREROUTING -d {HOST}/32 -p udp -m udp --dport 9 -j DNAT --to-destination {HOST}:10"] if count else []
    return (table("nat", ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"), lines)
            + table("filter", ("INPUT", "FORWARD", "OUTPUT"), ["-A INPUT -p udp -j DROP"]))


SHAPES = {"drop": drop, "nat": nat}


def summary(samples):
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "samples": len(samples)}


def udp_frame():
    payload = struct.pack("!HHHH", 4000, 9, 26, 0) + bytes(18)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0, bytes([10, 77, 0, 2]), bytes([10, 77, 0, 1]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    return bytes.fromhex("020000000001020000000002") + b"\x08\x00" + ip[:10] + struct.pack("!H", ~total & 0xFFFF) + ip[12:] + payload


def test_run(pair, directory):
    """ns that the kernel reports for a run of the INPUT program, by itself; None if it can't be run so."""
    told = json.loads(pair.inside(pair.host, os.path.join(directory, "xtbpf"), "status", "--json"))
    ids = [program["id"] for table in told["tables"] for program in table["programs"]
           if program["place"] == "netfilter" and program["name"] == "xt_input"]
    if not ids:
        return None
    with tempfile.NamedTemporaryFile() as frame:
        frame.write(udp_frame())
        frame.flush()
        ran = subprocess.run(["bpftool", "prog", "run", "id", str(ids[0]), "data_in", frame.name, "repeat", "1000000"],
                             capture_output=True, text=True, check=False)
    found = re.search(r"duration \(average\): (\d+)ns", ran.stdout)
    return int(found.group(1)) if found else None


def measure(pairs, firewalls, count, options):
    text = SHAPES[options.shape](count)
    out = {firewall.name: {} for firewall in firewalls}
    for firewall, pair in zip(firewalls, pairs):
        start = time.monotonic()
        pair.inside(pair.host, firewall.command("iptables-restore"), "-w", input=text)
        out[firewall.name]["restore_s"] = round(time.monotonic() - start, 4)
        start = time.monotonic()
        pair.inside(pair.host, firewall.command("iptables-save"))
        out[firewall.name]["save_s"] = round(time.monotonic() - start, 4)
    flood = os.path.join(ROOT, "build", "bin", "flood")
    turns = [[float(pair.inside(pair.peer, flood, HOST, "9", str(options.packets))) for pair in pairs] for _ in range(options.turns + 1)]
    for firewall, samples in zip(firewalls, zip(*turns[1:])):
        out[firewall.name]["ns_per_packet"] = summary(samples)
    out[firewalls[-1].name]["test_run_ns"] = test_run(pairs[-1], options.bin)
    return out


def main():
    parser = argparse.ArgumentParser(description="ns per dropped packet, beside iptables-legacy and iptables-nft")
    parser.add_argument("--shape", choices=SHAPES, default="drop")
    parser.add_argument("--rules", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--packets", type=int, default=30000)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    options = parser.parse_args()
    if reasons := machine.lacks():
        print("bench: this machine lacks " + "; ".join(reasons), file=sys.stderr)
        return 1
    firewalls = [Firewall("iptables-legacy", suffix="-legacy"), Firewall("iptables-nft", suffix="-nft"), Firewall("iptables-bpf", options.bin)]
    results = {}
    print(f"{'rules':>6} " + "".join(f"{firewall.name:>28}" for firewall in firewalls) + f"{'INPUT program alone':>22}")
    for count in options.rules:
        with contextlib.ExitStack() as stack:
            pairs = [stack.enter_context(Pair(label)) for label in ("legacy", "nft", "bpf")]
            for pair in pairs:  # a socket, so that ICMP errors don't enter the picture where nothing drops
                server = pair.start(pair.host, sys.executable, os.path.join(ROOT, "tests", "demo", "server.py"), "udp:9", stdout=subprocess.PIPE)
                server.stdout.readline()
            results[count] = measure(pairs, firewalls, count, options)
        cells = [results[count][firewall.name]["ns_per_packet"] for firewall in firewalls]
        alone = results[count][firewalls[-1].name]["test_run_ns"]
        print(f"{count:>6} " + "".join(f"{c['median']:>10.0f} ({c['min']:.0f}-{c['max']:.0f}) ns".rjust(28) for c in cells)
              + (f"{alone} ns" if alone else "-").rjust(22), flush=True)
    target = os.path.join(ROOT, "build", "bench", f"{options.shape}.json")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as out:
        json.dump({"kernel": platform.release(), "machine": platform.machine(), "cpus": os.cpu_count(), "packets": options.packets,
                   "unit": "ns per packet, sending over a veth pair included", "rules": results}, out, indent=1)
    print(f"written to {os.path.relpath(target, ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

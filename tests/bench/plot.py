# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture (SVG) of a benchmark's figures, by gnuplot."""

import json
import shutil
import subprocess


def draw(path):
    """Draws build/bench/SHAPE.json into SHAPE.svg. What to tell the user of it."""
    if not shutil.which("gnuplot"):
        return " (no picture: gnuplot isn't installed)"
    with open(path, encoding="utf-8") as told:
        rules = json.load(told)["rules"]
    lines, data = [], []
    for backend in ("iptables-legacy", "iptables-nft", "iptables-bpf"):
        points = [(max(int(count), 1), each[backend]["ns_per_packet"]) for count, each in rules.items() if "ns_per_packet" in each[backend]]
        if points:
            lines.append(f"'-' using 1:2:3:4 with yerrorlines title '{backend}'")
            data += [f"{count} {ns['median']} {ns['min']} {ns['max']}" for count, ns in points] + ["e"]
    if not lines:
        return ""
    target = path.replace(".json", ".svg")
    script = [f"set terminal svg size 800,500; set output '{target}'; set logscale xy; set key left top; set grid",
              "set xlabel 'rules'; set ylabel 'ns per packet, sending included'", "plot " + ", ".join(lines), *data]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)
    return f", {target.rsplit('/', 1)[-1]}"

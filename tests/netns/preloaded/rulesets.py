# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that iptables-legacy writes through the interface and reads again: the samples, and one with each extension."""

import glob
import os
import re
import sys

from faulty.world import World

from . import PRELOADED, ROOT, clean, create, places

SAMPLES = ("arno", "docker", "every-match", "every-match.v6", "fail2ban", "istio-sidecar", "kube-proxy", "nat-kinds", "nat-kinds.v6",
           "port-knocking", "reject-kinds", "shorewall", "wireguard.v6")
LACKING = re.compile("not supported, missing kernel module")


def samples(report):
    """Written by iptables-legacy through the interface, read by it and by us: the same as in the kernel; each rule is found again."""
    compared = 0
    for name in ["*"] if "--all" in sys.argv else SAMPLES:
        for path in sorted(glob.glob(os.path.join(ROOT, "rulesets", name + ".rules"))):
            with open(path, encoding="utf-8") as file:
                compared += sample(report, os.path.basename(path), file.read())
    report.fact(f"{compared} rulesets")


# Of these iptables writes bytes that nobody reads, and compares them in -C. (A mask of all ones that is left out isn't the same to it.)
UNREAD = ("--connlimit-mask 32", "--hmark-src-prefix 32", "--hmark-dst-prefix 32", "--limit 7201/hour", "--ctrepldst 1.2.3.4/32",
          "--monthdays 0", "--monthdays 1,,2", "--pol none --reqid 1", "--nfmask 3 --ctmask 5", "--mask 5", "--rt-segsleft :",
          "--zone-orig 5 --zone-reply 6", "--zone-reply mark --zone 4", "--ecn-ip-ect 1 --ecn-tcp-remove")


def sample(report, name, text):
    iptables = "ip6tables" if ".v6." in name else "iptables"
    kernel, ours = places("samples")
    with kernel, ours:
        code, _ = kernel.run(iptables + "-legacy-restore", text=text)
        if code != 0:
            return 0  # iptables 1.8.9 doesn't know all of 1.8.11
        code, output = ours.run(iptables + "-legacy-restore", text=text, environment=PRELOADED)
        if code != 0:
            report.check(LACKING.search(output) and "--all" in sys.argv, f"{name}: {output}")
            return 0
        wanted = clean(kernel.run(iptables + "-legacy-save")[1])
        report.equal(clean(ours.run(iptables + "-legacy-save", environment=PRELOADED)[1]), wanted, f"{name}, saved through the interface")
        with World("direct") as direct:
            create(direct)
            direct.run(iptables + "-restore", text=text)
            report.equal(clean(ours.run(iptables + "-save")[1]), clean(direct.run(iptables + "-save")[1]), f"{name}, saved by us")
        rules, table = [], ""
        for line in wanted:
            table = line[1:] if line.startswith("*") else table
            if line.startswith("-A") and not any(part in line for part in UNREAD):
                rules.append(f"*{table}\n-C {line[3:]}\nCOMMIT\n")
        for world, environment in ((kernel, None), (ours, PRELOADED)):  # -C compares bytes
            text = "".join(rules)
            world.checked = world.run(iptables + "-legacy-restore", "-n", text=text, environment=environment)
        report.equal(ours.checked, kernel.checked, f"{name}, its rules looked for")
    return 1


ESTIMATORS = "*filter\n:y -\n" + "".join(
    f"-A y -j RATEEST --rateest-name {name} --rateest-interval 250ms --rateest-ewmalog 500ms\n" for name in "ab") + "COMMIT\n"


def accepted():
    """{(iptables, table): rules} that iptables takes, of tests/golden/extensions.txt."""
    rules, command = {}, ""
    with open(os.path.join(ROOT, "tests", "golden", "extensions.txt"), encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n").removeprefix("!")
            if line.startswith(("4 ", "6 ")):
                command = line
            elif line.startswith("= "):
                _, table, rule = re.fullmatch(r"(. )(?:-t (\w+) )?(.*)", command).groups()
                rules.setdefault(("iptables" if command[0] == "4" else "ip6tables", table or "filter"), []).append(rule)
    return rules


def taken(rules, takes):
    """Those that are taken, together or else in halves."""
    if not rules or takes(rules):
        return rules
    half = len(rules) // 2
    return taken(rules[:half], takes) + taken(rules[half:], takes) if half else []


def extensions(report):
    """Each rule with an extension that iptables-legacy 1.8.9 and this kernel take: taken here, saved as in the kernel, found by -C."""
    count = 0
    for (iptables, table), rules in accepted().items():
        kernel, ours = places("extensions")

        def restored(world, command, rules, environment=None, iptables=iptables, table=table):
            text = f"*{table}\n" + (":x -\n" if command == "-A" else "") + "".join(f"{command} x {rule}\n" for rule in rules) + "COMMIT\n"
            return world.run(iptables + "-legacy-restore", "-n", text=text, environment=environment)

        with kernel, ours:
            for world, environment in ((kernel, None), (ours, PRELOADED)):  # the match rateest wants them
                world.run(iptables + "-legacy-restore", "-n", text=ESTIMATORS, environment=environment)
            rules = taken(rules, lambda some: restored(kernel, "-A", some)[0] == 0)
            restored(kernel, "-A", rules)
            code, output = restored(ours, "-A", rules, PRELOADED)
            report.check(code == 0, f"{iptables} -t {table}: {output}")
            save = f"{iptables}-legacy-save -t {table} 2>/dev/null"  # there it misses a file of names
            wanted, found = (clean(world.run("sh", "-c", save, environment=environment)[1])
                             for world, environment in ((kernel, None), (ours, PRELOADED)))
            report.equal([line for line in found if line not in wanted], [line for line in wanted if line not in found],
                         f"{iptables} -t {table}, saved")
            code, output = restored(ours, "-C", [rule for rule in rules if not any(part in rule for part in UNREAD)], PRELOADED)
            report.check(code == 0, f"{iptables} -t {table} -C: {output}")
        count += len(rules)
    report.check(count > 1000, f"{count} rules")
    report.fact(f"{count} rules")

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that speak the kernel's ip_tables interface, with libiptables-bpf preloaded, and the same ones with the kernel: iptables-legacy on
sample rulesets and on edits, python-iptables, a program with libip4tc alone.

    iptc.py [--all] [PART...]

PART is a part of a test's name; --all: every sample ruleset. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import glob
import os
import re
import shlex
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from clientele import packages  # noqa: E402
from faulty import run  # noqa: E402
from faulty.world import HOST, World  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
PRELOADED = {"LD_PRELOAD": os.path.join(ROOT, "build", "lib", "libiptables-bpf.so")}
SAMPLES = ("arno", "docker", "every-match", "every-match.v6", "fail2ban", "istio-sidecar", "kube-proxy", "nat-kinds", "nat-kinds.v6",
           "port-knocking", "reject-kinds", "shorewall", "wireguard.v6")
LACKING = re.compile("not supported, missing kernel module")


SETS = "".join(f"create {name} hash:net\n" for name in ("four", "other", "trusted", "blocklist")) + \
    "create six hash:net family inet6\ncreate blocklist6 hash:net family inet6\ncreate ports bitmap:port range 0-65535\n"


def create(world):
    if shutil.which("ipset"):
        world.run("ipset", "restore", text=SETS)


def clean(save):
    """Without comments and counts."""
    return [re.sub(r"\[\d+:\d+\] ?", "", line) for line in save.splitlines() if not line.startswith("#")]


def places(label):
    """A namespace for the kernel's own rules, one for ours."""
    worlds = World(label + "-kernel"), World(label)
    for world in worlds:
        create(world)
    return worlds


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


EDITS = """-N web
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 80 -j web
-I INPUT 2 -p udp -m multiport --dports 53,123 -m limit --limit 5/min
-A web -s 10.0.0.0/8 -m comment --comment "from inside" -j LOG --log-prefix "web: " --log-level info
-A web -j RETURN
-A FORWARD ! -i eth+ -g web
-P FORWARD DROP
-C INPUT -i lo -j ACCEPT
-C INPUT -i lo -j DROP
-R INPUT 1 -i lo -m state --state NEW,RELATED -j ACCEPT
-D web -j RETURN
-D INPUT 3
-D INPUT -p udp -m multiport --dports 53,123 -m limit --limit 5/min
-E web site
-X site
-F nothing
-A FORWARD -j TRACE
-t raw -A PREROUTING -j NOTRACK
-t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE
-t nat -A POSTROUTING -p tcp -j DNAT --to-destination 10.0.0.1
-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-t mangle -A FORWARD -j MARK --set-mark 7
-t broken -L
-S
-L -n -v
-L -n --line-numbers
-t nat -S POSTROUTING
-Z
-F
-X"""


def edits(report):
    """One command after the other, in the kernel and here: the same output and exit code, the same rules after each."""
    kernel, ours = places("edits")
    with kernel, ours:
        for line in EDITS.splitlines():
            wanted = kernel.run("iptables-legacy", *shlex.split(line))
            found = ours.run("iptables-legacy", *shlex.split(line), environment=PRELOADED)
            report.equal(found, wanted, line)
            tables = [clean(world.run("iptables-legacy-save", environment=environment)[1])
                      for world, environment in ((kernel, None), (ours, PRELOADED))]
            report.equal(tables[1], tables[0], f"after {line}")


def counters(report):
    """They live through edits beside them, are set and zeroed, and read the same through the interface and by us."""
    with World("counters") as world:
        world.restore("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp --dport 7000 -j ACCEPT\n-A INPUT -p udp --dport 7001 -j DROP\nCOMMIT\n")
        send = world.sender(7000)
        receiver = world.receiver(7000)

        def sent(wanted):
            send(b"12")
            receiver.recv(10)
            report.equal(world.counter("7000"), wanted, "counted")

        def legacy(*arguments, text=""):
            code, output = world.run(*arguments, text=text, environment=PRELOADED)
            report.check(code == 0, f"{arguments}: {output}")
            return output

        sent((1, 30))
        legacy("iptables-legacy", "-I", "INPUT", "-p", "tcp", "-j", "ACCEPT")
        sent((2, 60))
        legacy("iptables-legacy", "-D", "INPUT", "3")
        sent((3, 90))
        report.check("[3:90] -A INPUT -p udp" in legacy("iptables-legacy-save", "-c"), "counters through the interface")
        legacy("iptables-legacy", "-A", "INPUT", "-c", "5", "600", "-d", HOST, "-j", "ACCEPT")
        report.equal(world.counter(HOST), (5, 600), "-c")
        legacy("iptables-legacy", "-Z", "INPUT", "2")
        sent((1, 30))
        legacy("iptables-legacy-restore", "-c", text=legacy("iptables-legacy-save", "-c"))
        sent((2, 60))


def writers(report):
    """Several at once that share no lock: who is overtaken is told (EAGAIN) and tries again; no rule is lost. Between a replace and the
    counters that are added to it the table may change: libiptc calls that an error, with the kernel too, though the rule is in."""
    script = 'for i in 1 2 3 4 5; do rule="INPUT -s 10.0.$1.$i -j DROP"; ' \
             'until iptables-legacy -A $rule 2>/dev/null || iptables-legacy -C $rule 2>/dev/null; do :; done; done'
    with World("writers") as world, tempfile.TemporaryDirectory() as directory:
        running = [world.start("sh", "-c", script, "writer", str(number), environment=PRELOADED | {"XTABLES_LOCKFILE": f"{directory}/{number}"})
                   for number in range(4)]
        report.equal([process.wait(60) for process in running], [0] * 4, "writers")
        report.equal(len(re.findall("-A INPUT -s 10.0", world.save())), 20, "rules")


PYTHON = """
import iptc
table = iptc.Table(iptc.Table.FILTER)
chain = iptc.Chain(table, "INPUT")
rule = iptc.Rule()
rule.protocol, rule.src = "tcp", "10.0.0.0/8"
rule.create_match("tcp").dport = "443"
rule.create_match("comment").comment = "from python"
rule.create_match("conntrack").ctstate = "NEW,ESTABLISHED"
rule.target = iptc.Target(rule, "ACCEPT")
chain.insert_rule(rule)
own = table.create_chain("own")
rule = iptc.Rule()
rule.in_interface = "eth+"
rule.target = iptc.Target(rule, "REJECT")
rule.target.reject_with = "icmp-host-prohibited"
own.append_rule(rule)
rule = iptc.Rule()
rule.target = iptc.Target(rule, "own")
chain.append_rule(rule)
chain.set_policy("DROP")
chain = iptc.Chain(iptc.Table(iptc.Table.NAT), "PREROUTING")
rule = iptc.Rule()
rule.protocol = "tcp"
rule.create_match("tcp").dport = "80"
rule.target = iptc.Target(rule, "DNAT")
rule.target.to_destination = "10.1.1.1:8080"
chain.append_rule(rule)
chain = iptc.Chain(iptc.Table6(iptc.Table6.FILTER), "FORWARD")
rule = iptc.Rule6()
rule.src, rule.protocol = "2001:db8::/32", "icmpv6"
rule.create_match("icmp6").icmpv6_type = "echo-request"
rule.target = iptc.Target(rule, "DROP")
chain.append_rule(rule)
iptc.Table(iptc.Table.FILTER).refresh()
chain = iptc.Chain(iptc.Table(iptc.Table.FILTER), "INPUT")
for rule in chain.rules:
    print(rule.protocol, rule.src, [(match.name, match.get_all_parameters()) for match in rule.matches], rule.target.name, rule.get_counters())
chain.delete_rule(chain.rules[1])
"""


def python(report):
    """python-iptables, which uses libip4tc and libxtables: the same in the kernel and here."""
    root = os.path.join(packages.UNPACKED, "root")
    environment = {"PYTHONPATH": os.path.join(root, "usr/lib/python3/dist-packages")}
    kernel, ours = places("python")
    with kernel, ours:
        found = {}
        for world, preloaded in ((kernel, {}), (ours, PRELOADED)):
            output = world.run("/usr/bin/python3", "-", text=PYTHON, environment=environment | preloaded)
            saves = [clean(world.run(program, environment=preloaded)[1]) for program in ("iptables-legacy-save", "ip6tables-legacy-save")]
            found[world] = output, saves
        report.check(found[kernel][0][0] == 0 and "DNAT" in str(found[kernel]), f"python-iptables in the kernel: {found[kernel]}")
        report.equal(found[ours], found[kernel], "python-iptables")


BARE = """
import ctypes, struct
library = ctypes.CDLL("libip4tc.so.2", use_errno=True)
for function in ("iptc_init", "iptc_first_rule", "iptc_next_rule"):
    getattr(library, function).restype = ctypes.c_void_p

def part(name, revision, data):
    return struct.pack("<H29sB", 32 + len(data), name, revision) + data

def rule(port, match, target):
    matches = part(b"tcp", 0, struct.pack("<4H4B4x", 0, 65535, port, port, 0, 0, 0, 0)) + match
    head = bytes(80) + struct.pack("<HBBIHHI16x", 6, 0, 0, 0, 112 + len(matches), 112 + len(matches) + len(target), 0)
    return head + matches + target

def shown(handle, chain):
    at = library.iptc_first_rule(chain, handle)
    while at:
        matches, size = struct.unpack("<HH", ctypes.string_at(at + 88, 4))
        print(chain, ctypes.string_at(at, 84).hex())
        here = 112
        while here < size:
            length, name, revision = struct.unpack("<H29sB", ctypes.string_at(at + here, 32))
            print("   ", name.split(bytes(1))[0], revision, ctypes.string_at(at + here + 32, length - 32).hex())
            here += length
        at = library.iptc_next_rule(ctypes.c_void_p(at), handle)

def change(table, function, *arguments):
    handle = ctypes.c_void_p(library.iptc_init(table))
    done = getattr(library, function)(*arguments, handle) and library.iptc_commit(handle)
    print(function, done, ctypes.get_errno() if not done else "")
    handle = ctypes.c_void_p(library.iptc_init(table))
    shown(handle, arguments[0])

translated = struct.pack("<II4s4s2H", 1, 3, bytes((10, 0, 0, 5)), bytes((10, 0, 0, 5)), 0x901f, 0x901f) + bytes(4)
state = part(b"state", 0, struct.pack("<I4x", 8))
accept = part(b"ACCEPT", 0, bytes(8))
# As strongSwan's plugin connmark has it: compared byte by byte when it is deleted.
marked = part(b"CONNMARK", 1, struct.pack("<IIIB3x", 7, 0xffffffff, 0xffffffff, 0))
encrypted = part(b"policy", 0, bytes(64) + struct.pack("<IIBBBB", 1234, 0, 0, 0, 16, 0) + bytes(76 * 3) + struct.pack("<HH4x", 1, 1))
marking = rule(500, encrypted, marked)
change(b"mangle", "iptc_insert_entry", b"INPUT", marking, 0)
change(b"mangle", "iptc_insert_entry", b"INPUT", rule(500, part(b"mark", 1, struct.pack("<IIB3x", 0, 0xffffffff, 0) + bytes(4)), marked), 0)
change(b"mangle", "iptc_delete_entry", b"INPUT", marking, bytes([255]) * len(marking))
for port in (80, 443):
    change(b"nat", "iptc_append_entry", b"PREROUTING", rule(port, b"", part(b"DNAT", 0, translated)))
change(b"filter", "iptc_append_entry", b"FORWARD", rule(80, state, accept))
change(b"filter", "iptc_append_entry", b"FORWARD", rule(80, part(b"nothing", 0, bytes(8)), accept))
change(b"nat", "iptc_delete_num_entry", b"PREROUTING", 0)
"""


def bare(report):
    """A program with libip4tc alone, which has old structures built in, as miniupnpd has: it reads what it wrote."""
    kernel, ours = places("bare")
    with kernel, ours:
        wanted, found = (world.run("/usr/bin/python3", "-", text=BARE, environment=environment)
                         for world, environment in ((kernel, {}), (ours, PRELOADED)))
        found = found[0], "".join(line for line in found[1].splitlines(True) if not line.startswith("iptables-bpf: "))
        report.check(wanted[0] == 0 and wanted[1].count("b'DNAT' 0") == 4 and "b'state' 0" in wanted[1], f"libip4tc in the kernel: {wanted}")
        report.equal(found, wanted, "libip4tc")
        report.check("--dport 443 -j DNAT --to-destination 10.0.0.5:8080" in ours.save(), ours.save())
        report.check("-m state --state NEW -j ACCEPT" in ours.save(), ours.save())


def main():
    parts = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    chosen = [test for test in (samples, extensions, edits, counters, writers, python, bare) if not parts or any(part in test.__name__ for part in parts)]
    reasons = machine.lacks() or ([] if machine.legacy_iptables() else ["the kernel's iptables-legacy"])
    if not reasons and python in chosen and (why := packages.unpack()):
        reasons = [why]
    if reasons:
        return outcome.unable(reasons, len(chosen))
    return outcome.of(run(test.__name__, test) for test in chosen)


if __name__ == "__main__":
    sys.exit(main())

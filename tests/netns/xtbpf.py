#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""xtbpf against the running kernel: what it tells of rules in force, and the service.

    xtbpf.py [PART...]

PART is a part of a test's name. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from faulty import run  # noqa: E402
from faulty.world import HOST, PEER, PROGRAMS, World, bpftool, soon  # noqa: E402

RIGHTS = "-all,+net_admin,+sys_admin"  # of packaging/systemd/xtbpf-watch.service
RULES = """*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 192.0.2.0/24 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A INPUT -p udp -m udp --dport 7000 -m comment --comment "the \\"test\\"" -j ACCEPT
-A INPUT -m addrtype --dst-type MULTICAST -j REJECT
-A INPUT -p tcp -j web
-A web -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""


def told(world, *command):
    """What a subcommand prints; it has to succeed."""
    code, output = world.run("xtbpf", *command)
    if code != 0:
        raise RuntimeError(f"xtbpf {' '.join(command)}: exit {code}: {output}")
    return output


def status(report):
    with World("status") as world:
        report.check(told(world, "status").startswith("No rules"), "status without rules")
        world.restore(RULES)
        found = json.loads(told(world, "status", "--json"))
        filter_table, = (table for table in found["tables"] if table["table"] == "filter")
        report.check((filter_table["rules"], filter_table["chains"], filter_table["whole"]) == (4, 4, True), f"status: {filter_table}")
        places = {place["chain"]: place for place in filter_table["placements"]}
        report.check(places["INPUT"]["asked_of_kernel"] == {"addrtype": 1}, "status names the kernel's match")
        report.check(places["INPUT"]["done_by_kernel"] == {"REJECT": 1}, "status names the kernel's effect")
        report.check(filter_table["memory"] > 0 and all(program["memory"] > 0 for program in filter_table["programs"]), "status: memory")


def explain(report):
    with World("explain") as world:
        world.restore(RULES)
        for words, verdict in ((f"udp src {PEER} dst {HOST} dport 7000", "ACCEPT"), (f"tcp src {PEER} dst {HOST} dport 80 state NEW", "UNKNOWN"),
                               (f"icmp src 192.0.2.1 dst {HOST}", "DROP")):
            output = told(world, "explain", "--live", "--in", "eth0", words)
            report.check(output.splitlines()[-1].startswith(verdict), f"{words}: {output}")
            report.check("loaded program: the same" in output and "OTHERWISE" not in output, f"{words}: {output}")
        output = told(world, "explain", "--live", "-i", "eth0", "-a", "addrtype=no", f"tcp src {PEER} dst {HOST} dport 81 state NEW")
        report.check(output.endswith("DROP by filter:INPUT:policy\n"), output)


def explain_capture(report):
    """Needs no lock, no rights: a file of rules and one of packets."""
    udp = struct.pack("!BBHHHBBH4s4sHHHH", 0x45, 0, 28, 0, 0, 64, 17, 0, socket.inet_aton(PEER), socket.inet_aton(HOST), 5, 7000, 8, 0)
    with World("capture") as world, tempfile.TemporaryDirectory() as directory:
        capture, rules = os.path.join(directory, "pcap"), os.path.join(directory, "rules")
        with open(capture, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101) + struct.pack("<IIII", 0, 0, len(udp), len(udp)) + udp)
        with open(rules, "w", encoding="ascii") as file:
            file.write(RULES)
        code, output = world.run("xtbpf", "explain", "-f", rules, "-r", capture, "-i", "eth0", environment={"XTABLES_LOCKFILE": "/nowhere/lock"})
        report.check(code == 0 and "udp src 10.78.0.2 sport 5 dst 10.78.0.1 dport 7000" in output, output)
        report.check(output.endswith("ACCEPT by filter:INPUT:rule:1\n"), output)


def verify(report):
    with World("verify") as world:
        world.restore(RULES)
        before = world.save("-c")
        found = json.loads(told(world, "verify", "--json"))
        report.check(found["well"], f"verify finds fault: {found}")
        early = found["early"]
        report.check(len(early) == 1 and early[0]["devices"] == ["eth0"] and early[0]["asked"] and 0 < early[0]["drops"] < early[0]["packets"],
                     f"verify, the early stage: {early}")
        report.equal(*([line for line in text.splitlines() if not line.startswith("#")] for text in (world.save("-c"), before)), "counters")
        world.run("nft", "flush", "chain", "ip", "iptables-bpf", "filter-INPUT")
        code, output = world.run("xtbpf", "verify")
        report.check(code == 1 and "a hook has lost its rule" in output, f"verify, a rule of the anchor gone: {code} {output}")
        # CHECKSUM works in a table named mangle only: who deletes ours leaves that one in force.
        world.run("iptables", "-t", "mangle", "-A", "POSTROUTING", "-p", "udp", "-j", "CHECKSUM", "--checksum-fill")
        world.run("nft", "delete", "table", "ip", "iptables-bpf")
        code, output = world.run("xtbpf", "verify")
        report.check(code == 1 and "mangle: WRONG: programs of rules that are gone" in output, f"verify, the anchor gone: {code} {output}")
        report.check("-F" in told(world, "status") and 'table="mangle"} 0' in told(world, "metrics"), "status, the anchor gone")
        world.run("iptables", "-t", "mangle", "-F")
        report.check("mangle: WRONG" not in told(world, "verify") and "ip mangle" not in world.run("nft", "list", "tables")[1], "flushed")


def mistakes(report):
    """What can't be done or makes no sense is said; nothing else is told instead."""
    program, nobody = os.path.join(PROGRAMS, "xtbpf"), ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with World("mistakes") as world, tempfile.TemporaryDirectory() as directory:
        world.restore(RULES)
        tool = shutil.copy(program, directory)
        os.chmod(directory, 0o755)
        report.check("IPv6 has no rules" in told(world, "explain", "-i", "eth0", "-6", "tcp"), "no rules of that family")
        for words, code, says in (("explain -f / -i eth0 tcp", 1, "/: Is a directory"), ("explain -f /etc/passwd -i eth0 tcp", 1, "/etc/passwd: "),
                                  ("explain -i eth0 -4 -6 tcp", 2, "-4 and -6"), ("explain -i eth0 tcp udp", 2, "another protocol"),
                                  ("verify --packets -1", 2, "'-1'"), ("trace -s -1", 2, "'-1'"), ("trace -s nan", 2, "--seconds"),
                                  ("top --once -n-1", 2, "'-1'"), ("migrate --confirm 0", 2, "--confirm 0"),
                                  ("migrate --for 0", 2, "--for 0"), ("trace -c 0", 2, "--count 0"), ("nonsense", 2, "no command `nonsense'"),
                                  ("migrate --confirm-now --back", 2, "don't go together")):
            found, output = world.run("xtbpf", *words.split())
            report.check(found == code and says in output, f"{words}: exit {found}: {output}")
        for words in ("status", "verify", "verify --shadow", "trace", "top --once", "migrate", "migrate --confirm-now", "metrics", "watch",
                      "explain -i eth0 tcp"):
            found, output = world.run(*nobody, tool, *words.split())
            report.check(found == 1 and "Permission denied (you must be root)" in output, f"{words}, not root: exit {found}: {output}")
        found, output = world.run("sh", "-c", f"{program} status >/dev/full")
        report.check(found == 1 and "No space left" in output, f"a full disk: exit {found}: {output}")


def metrics(report):
    with World("metrics") as world:
        world.restore(RULES)
        send = world.sender(7000)
        for _ in range(5):
            send(b"x")
        output = told(world, "metrics", "--rules")
        line = 'xtbpf_rule_packets_total{family="ipv4",table="filter",chain="INPUT",rule="1",target="ACCEPT",comment="the \\"test\\""} 5'
        report.check(line in output.splitlines(), output)


def trace(report):
    """What the traced rules are said to do is what they count; nothing is left behind."""
    with World("trace") as world:
        world.restore(RULES)
        tracing = world.start("xtbpf", "trace", "--json", "-s", "5", "-c", "2", "udp", "dport", "7000", stdout=-1)
        found = tapped(world)
        send, other = world.sender(7000), world.sender(7001)
        for each in (other, send):
            each(b"x")
        packets = [json.loads(line)["packets"][0] for line in tracing.communicate()[0].splitlines()]
        report.check(found and [packet["by"] for packet in packets] == ["raw:PREROUTING:policy", "filter:INPUT:rule:1"], packets)
        report.check(all("dport 7000" in packet["packet"] for packet in packets), packets)
        report.check("iptables-bpf-tap" not in world.run("nft", "list", "tables")[1], "trace leaves its table behind")


def tapped(world):
    return soon(lambda: "iptables-bpf-tap" in world.run("nft", "list", "tables")[1])


def trace_marked(report):
    """Only packets that -j TRACE has marked; other rules are followed when they come into force."""
    rules = RULES.replace("-A PREROUTING -s", "-A PREROUTING -p udp --dport 7000 -j TRACE\n-A PREROUTING -s")
    with World("marked") as world:
        world.restore(rules)
        tracing = world.start("xtbpf", "trace", "--json", "-m", "-s", "30", "-c", "5", stdout=-1, stderr=-1)
        report.check(tapped(world), "no tap")
        send, other = world.sender(7000), world.sender(7001)
        for each in (other, send, other):
            each(b"x")
        lines = [tracing.stdout.readline() for _ in range(2)]  # they are explained by the rules of now
        world.run("iptables", "-w", "-t", "mangle", "-A", "INPUT", "-p", "udp", "--dport", "7000", "-j", "DROP")
        report.check(soon(lambda: "mangle-INPUT" in world.run("nft", "list", "table", "ip", f"iptables-bpf-tap-{tracing.pid}")[1]), "no new tap")
        for each in (other, send):
            each(b"x")
        output, said = tracing.communicate()
        output = "".join(lines) + output
        found = [json.loads(line)["packets"][0] for line in output.splitlines()]
        places = ["raw:PREROUTING:policy", "filter:INPUT:rule:1", "raw:PREROUTING:policy", "mangle:PREROUTING:policy", "mangle:INPUT:rule:1"]
        report.equal([packet["by"] for packet in found], places, output)
        report.check(found[0]["tables"][0]["rules"][0]["text"].endswith("-j TRACE"), found[0])
        report.check(all("dport 7000" in packet["packet"] for packet in found), output)
        report.equal(set(said.splitlines()), {"xtbpf: the rules have changed"}, "errors")
        report.check("iptables-bpf-tap" not in world.run("nft", "list", "tables")[1], "trace leaves its table behind")


def top(report):
    with World("top") as world:
        world.restore(RULES)
        measuring = world.start("xtbpf", "top", "--once", "--json", "-d", "0.5", stdout=-1)
        send = world.sender(7000)
        for _ in range(20):
            send(b"x")
            time.sleep(0.05)
        rules = {rule["place"]: rule for rule in json.loads(measuring.communicate()[0])["rules"]}
        report.check(rules["filter:INPUT:rule:1"]["packets_per_second"] > 1, rules["filter:INPUT:rule:1"])
        report.check(rules["filter:web:rule:1"]["packets_per_second"] == 0, rules["filter:web:rule:1"])
        in_terminal = ("env", "SHELL=/bin/sh", "script", "-qec")
        code, output = world.run(*in_terminal, f"stty cols 20 rows 5; timeout --foreground 0.7 {PROGRAMS}/xtbpf top -d 0.2", "/dev/null")
        report.check(output.count("\x1b[?1049l") == 1, f"top, ended by SIGTERM, leaves the terminal as it is: {output!r}")
        report.check(all(len(line) <= 20 for line in re.sub("\x1b\\[[?0-9]*[A-Za-z]", "\n", output).replace("\r", "").splitlines()), f"20 columns: {output!r}")
        code, output = world.run(*in_terminal, f"timeout 0.3 {PROGRAMS}/xtbpf top; stty -a", "/dev/null")
        report.check("\x1b[?1049l" in output and " icanon" in output, f"top in the background ends by SIGTERM, too: {output!r}")
        code, output = world.run("xtbpf", "top")
        report.check(code == 2 and "not a terminal" in output, output)


def preview(report):
    """A rule that isn't in force is judged by the packets that come, changes nothing, and is put in if it is wanted."""
    with World("preview") as world:
        world.restore(RULES)
        before = world.save()
        send, other = world.sender(7000), world.sender(7001)

        def judged(rule):
            process = world.start("xtbpf", "top", "--json", "--for", "0.7", "--preview", rule, stdout=-1, stderr=-2)
            tapped(world)
            for each in (send, send, other):
                each(b"12")
            found = json.loads(process.communicate()[0])
            return [found["reached"]["packets"], found["matched"]["packets"], found["matched"]["bytes"], found["changed"], found["not_judged"]]

        # Behind all rules comes what addrtype hasn't been asked of: nobody can tell.
        for rule, expected in (("-I INPUT -p udp --dport 7000 -j DROP", [3, 2, 60, 2, 0]), ("-A INPUT -p udp -j ACCEPT", [0, 0, 0, 0, 1]),
                               ("-I INPUT 2 -p udp --dport 7001 -j ACCEPT", [1, 1, 30, 0, 1]), ("-I INPUT -m limit --limit 1/s -j DROP", [3, 0, 0, 0, 3]),
                               ("-t raw -A PREROUTING -p udp -j DROP", [3, 3, 90, 3, 0]), ("-6 -I INPUT -p udp -j DROP", [0, 0, 0, 0, 0])):
            report.equal(judged(rule), expected, rule)
        for rule, words in (("-A INPUT -p udp --dprot 7", 'unknown option "--dprot"'), ("-A nowhere -j DROP", "No chain/target/match by that name"),
                            ("-D INPUT 1", "-A or -I")):
            code, output = world.run("xtbpf", "top", "--for", "1", "--preview", rule)
            report.check(code != 0 and words in output, f"{rule}: {code} {output}")
        report.check("7001" not in world.save(), "a preview changes rules")
        report.equal([line for line in world.save().splitlines() if line.startswith("-A")],
                     [line for line in before.splitlines() if line.startswith("-A")], "rules")
        if not shutil.which("script"):  # of bsdutils: a terminal for the view
            report.facts.append("without `script`, the live view isn't tested")
            return
        typed = ":-A OUTPUT -p udp --dport 7002 -j DROP\n\nq" # the view on a terminal: previewed, put in
        code, output = world.run("script", "-qec", os.path.join(PROGRAMS, "xtbpf") + " top", "/dev/null", text=typed)
        report.check("--dport 7002 -j DROP" in world.save() and "would match it" in output, f"typed in: {code} {output}")


def scrape(path):
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(path)
        reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        return b"".join(iter(lambda: reader.recv(65536), b"")).decode()


def watch(report):
    """New devices are covered, at once; killed, it leaves everything as it is."""
    with World("watch") as world, tempfile.TemporaryDirectory() as directory:
        world.restore(RULES)
        ready, path = os.path.join(directory, "notify"), os.path.join(directory, "metrics")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(ready)
            notified.settimeout(10)
            service = world.start("setpriv", f"--bounding-set={RIGHTS}", os.path.join(PROGRAMS, "xtbpf"), "watch", "--listen", path, "--rules",
                                  environment={"NOTIFY_SOCKET": ready}, stdout=-1)
            report.check(notified.recv(100) == b"READY=1", "no READY=1")
        took = []
        for number in range(3):
            world.host.ip([f"link add new{number} type veth peer name peer{number}"])
            began = time.monotonic()
            if not select.select([service.stdout], [], [], 5)[0]:
                report.check(False, f"new{number} isn't covered")
                break
            lines = [service.stdout.readline() for _ in range(2)]
            took.append(time.monotonic() - began)
            report.check(f"covered new{number} at tc\n" in lines, lines)
        report.facts.append("covered after " + ", ".join(f"{1000 * each:.0f} ms" for each in took))
        report.check(took and min(took) < 0.05, "none was covered within 50 ms")
        report.check('xtbpf_device_stage{device="new0",stage="tc"} 1' in scrape(path), "metrics over the socket")
        code, output = world.run("xtbpf", "watch", "--listen", path)
        report.check(code == 1 and "already in use" in output and scrape(path), f"another one takes the socket: {output}")
        before, receiver, send = told(world, "status"), world.receiver(7000), world.sender(7000)
        os.kill(service.pid, signal.SIGKILL)
        service.wait()
        report.check(told(world, "status") == before, "status has changed with the service's death")
        send(b"x")
        receiver.settimeout(5)
        report.check(receiver.recv(10) == b"x", "an accepted packet is lost after the service's death")


def holds_all(service, world):
    """Whether the service has the stores' holders open."""
    stores = {table["store"] for table in json.loads(told(world, "status", "--json"))["tables"]}
    holders = {each["id"] for each in bpftool("prog", "show") if each.get("name") == "xt_holder" and stores & set(each["map_ids"])}
    opened = set()
    for number in os.listdir(f"/proc/{service.pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{service.pid}/fdinfo/{number}", encoding="ascii") as info:
            opened |= {int(line.split()[1]) for line in info if line.startswith("prog_id:")}
    return len(holders) == len(stores) and holders <= opened


def keep_rules(report):
    """What somebody else removes is put back with its counters; what xtbpf takes away is not."""
    with World("keep") as world:
        world.restore(RULES + "*mangle\n-A INPUT -p udp -j MARK --set-mark 7\nCOMMIT\n")
        service = world.start("setpriv", f"--bounding-set={RIGHTS}", os.path.join(PROGRAMS, "xtbpf"), "watch", "--keep-rules",
                              stdout=-1, stderr=-2)
        report.check(soon(lambda: holds_all(service, world)), "the rules aren't held")
        send, receiver = world.sender(7000), world.receiver(7000)

        def lines():
            # What chains without rules have counted since the last command goes with nf_tables' own counters.
            return [line if " DROP " in line else line.split(" [")[0] if line.startswith(":") else line
                    for line in world.save("-c").splitlines() if not line.startswith("#")]

        def is_back(expected, what):
            report.check(soon(lambda: lines() == expected and world.run("xtbpf", "verify")[0] == 0),
                         f"{what}: {expected} {lines()} {world.run('xtbpf', 'verify')}")

        for what, command in (("flush ruleset", ("flush", "ruleset")), ("delete table", ("delete", "table", "ip", "iptables-bpf")),
                              ("flush table", ("flush", "table", "ip", "iptables-bpf")),
                              ("flush chain", ("flush", "chain", "ip", "iptables-bpf", "filter-INPUT"))):
            for _ in range(3):
                send(b"x")
            before = lines()
            began = time.monotonic()
            world.run("nft", *command)
            is_back(before, what)
            if what == "flush ruleset":
                report.facts.append(f"back after {1000 * (time.monotonic() - began):.0f} ms")
        report.check("[12:" in next(line for line in lines() if "--dport 7000" in line), f"counters: {lines()}")
        send(b"last")
        receiver.settimeout(5)
        report.check(b"last" in [receiver.recv(10) for _ in range(13)], "a packet that the rules accept")
        world.run("iptables", "-w", "-A", "OUTPUT", "-p", "udp", "--dport", "7009", "-j", "DROP")
        report.check(soon(lambda: holds_all(service, world)), "the new rules aren't held")
        before = lines()
        world.run("nft", "flush", "ruleset")
        is_back(before, "flush ruleset, after an edit")
        code, output = world.run("xtbpf", "migrate", "--back", "--to", "legacy")
        report.check(code == 0, f"migrate --back: {output}")
        time.sleep(0.5)
        report.check("iptables-bpf" not in world.run("nft", "list", "tables")[1], "rules that xtbpf took away are back")
        world.run("iptables-legacy", "-F")
        service.send_signal(signal.SIGTERM)
        output = service.communicate(timeout=10)[0]
        report.check("put back iptables -t filter" in output and "put back iptables -t mangle" in output, output)


SHADOWED = """*mangle
-A PREROUTING -p udp --dport 7002 -j DROP
-A PREROUTING -p udp --dport 7001 -j MARK --set-xmark 0x5/0xf
-A PREROUTING -m mark --mark 5 -j TTL --ttl-dec 3
-A INPUT -p udp --dport 7000 -j DSCP --set-dscp 8
-A INPUT -p udp -j CONNMARK --set-mark 6
-A INPUT -p udp --dport 7003 -j CONNMARK --restore-mark
-A INPUT -p udp --dport 7001 -j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p udp --dport 7000 -j ACCEPT
-A INPUT -p udp --dport 7001 -j REJECT
COMMIT
"""


def shadow(report):
    """Traffic goes by the kernel's iptables; ours are asked, agree, and differ where they should; nothing is counted twice."""
    with World("shadow") as world, tempfile.NamedTemporaryFile("w", suffix=".v4") as other:
        world.run("iptables-legacy-restore", text=SHADOWED)
        receiver = world.receiver(7000)
        ports = [7000, 7001, 7002, 7003]
        senders = [world.sender(port) for port in ports]

        def judge(*options):
            process = world.start("xtbpf", *options, stdout=-1, stderr=-2)
            began = time.monotonic()
            while process.poll() is None and time.monotonic() - began < 20:
                for send in senders:
                    send(b"12")
                time.sleep(0.02)
            return process.returncode, process.communicate()[0]

        code, output = judge("verify", "--shadow", "--for", "1", "--json")
        found = json.loads(output)
        report.check(code == 0 and found["agree"] and found["judged"] > 100 and found["not_judged"] == 0, f"the same rules: {output}")
        counted = {port: int(line[1:line.index(":")]) for line in world.run("iptables-legacy-save", "-c")[1].splitlines()
                   for port in ports if f"--dport {port}" in line}
        report.check(counted[7000] == counted[7001] == counted[7002] > 20, f"counted {counted}")
        report.equal(told(world, "status"), told(world, "status"), "status")
        report.check(told(world, "status").startswith("No rules"), "shadow mode leaves rules behind")
        other.write(SHADOWED.replace("7001 -j REJECT", "7003 -j ACCEPT").replace("7000 -j A", "7001 -j A").replace("0x5/0xf", "0x9/0xf"))
        other.flush()
        code, output = judge("verify", "--shadow", "--for", "1", "--json", "--rules", other.name)
        found = {(each["by"], each["ours"], each["kernel"]) for each in json.loads(output)["disagreements"]}
        report.equal((code, found), (1, {("filter:INPUT:policy", "DROP", "passed"), ("filter:INPUT:rule:2", "ACCEPT", "dropped"),
                                         ("filter:INPUT:rule:3", "ACCEPT", "dropped"), ("mangle:PREROUTING:policy", "mark 0x9", "mark 0x5"),
                                         ("mangle:PREROUTING:policy", "TTL 64", "TTL 61")}), f"other rules: {output}")
        receiver.setblocking(False)
        while select.select([receiver], [], [], 0)[0]:
            report.check(receiver.recv(10) == b"12", "another datagram")
        process = world.start("xtbpf", "migrate", "--for", "1", stdout=-1, stderr=-2)
        report.check(tapped(world), "migrate --for: no tap")
        world.run("iptables-legacy", "-A", "INPUT", "-p", "udp", "--dport", "7004", "-j", "DROP")
        report.check("changed meanwhile" in process.communicate()[0] and process.returncode == 1, "rules that change")
        report.check(told(world, "status").startswith("No rules"), "a refused migration moves rules")
        code, output = judge("migrate", "--for", "1")
        report.check(code == 0 and "both agree" in output and "in force in iptables-bpf" in output, f"migrate --for: {output}")
        report.check("--dport 7004 -j DROP" in world.save(), "migrate --for: rules")


def main():
    chosen = [test for test in (status, explain, explain_capture, verify, mistakes, metrics, trace, trace_marked, top, preview, watch, keep_rules, shadow)
              if not sys.argv[1:] or any(part in test.__name__ for part in sys.argv[1:])]
    if reasons := machine.lacks():
        return outcome.unable(reasons, len(chosen))
    return outcome.of(run(test.__name__, test) for test in chosen)


if __name__ == "__main__":
    sys.exit(main())

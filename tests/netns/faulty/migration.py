# SPDX-License-Identifier: GPL-2.0-or-later
"""xtbpf migrate under traffic, there and back: no packet slips through, none is lost, connections and counters go on."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

from faulty.traffic import Stream
from faulty.world import HOST, World, rules_of, soon

ALWAYS, NEVER, TCP, TRANSLATED = [1001], [1002, 1003], 2000, 2001
ROUNDS = 2
RULES = f"""*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport {NEVER[0]} -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport {TRANSLATED} -j REDIRECT --to-ports {TCP}
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:new - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j new
-A new -p udp -m udp --dport {ALWAYS[0]} -j ACCEPT
-A new -p tcp -m tcp --dport {TCP} -m comment --comment "MARKER" -j ACCEPT
COMMIT
"""


class Echo:
    """A context: a connection through REDIRECT that talks all the time; `broken` says how it broke, if it did."""

    def __init__(self, world):
        with world.host.entered():
            self._server = socket.create_server((HOST, TCP))
        with world.peer.entered():
            self._client = socket.create_connection((HOST, TRANSLATED), timeout=5)
        self._here, _ = self._server.accept()
        self.turns, self.broken, self._end = 0, None, threading.Event()
        self._thread = threading.Thread(target=self._talk)

    def _talk(self):
        try:
            while not self._end.is_set():
                self._client.send(b"over and")
                self._here.sendall(self._here.recv(100))
                assert self._client.recv(100) == b"over and"
                self.turns += 1
                time.sleep(0.002)
        except (OSError, AssertionError) as error:
            self.broken = repr(error)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        for one in (self._client, self._here, self._server):
            one.close()


def saves(world, variant):
    return [rules_of(world.run(f"{command}-{variant}-save")[1]) for command in ("iptables", "ip6tables")]


def active(found):
    """Whether these rules could decide anything."""
    return any(line.startswith("-A") or " DROP" in line for save in found for line in save)


def count(world, variant):
    """Packets that the rule of the ever accepted port has counted."""
    save = world.run(f"iptables-{variant}-save", "-c")[1]
    return int(re.search(rf"^\[(\d+):\d+\] -A new .*--dport {ALWAYS[0]} ", save, re.M).group(1))


def guard(world):
    """Where somebody waits for a confirmation."""
    return f"/run/xtbpf-migrate.{os.fstat(world.host.fd).st_ino}"


def guarded(world):
    return os.path.exists(guard(world))


def good(report, world, *command, says=""):
    code, output = world.run(*command)
    report.check(code == 0 and says in output, f"{' '.join(command)}: exit {code}: {output}")


def begin(world, report, variant):
    text = RULES.replace("MARKER", world.marker)
    for command in ("iptables", "ip6tables"):
        code, output = world.run(f"{command}-{variant}-restore", text=text)
        report.check(code == 0, f"{command}-{variant}-restore: {output}")
    return saves(world, variant)


def there_and_back(report, variant):
    with World(f"migrate-{variant}") as world:
        rules = begin(world, report, variant)
        good(report, world, "xtbpf", "migrate", "--dry-run", says=f"-t filter: 4 rules in 4 chains")
        report.check(not active(saves(world, "bpf")), "a dry run changes nothing")
        with Stream(world, ALWAYS + NEVER) as stream, Echo(world) as echo:
            for _ in range(ROUNDS):
                for old, new, options in ((variant, "bpf", []), ("bpf", variant, ["--back"])):
                    counted, sent = count(world, old), stream.sent[ALWAYS[0]]
                    good(report, world, "xtbpf", "migrate", *options)
                    report.check(not active(saves(world, old)), f"rules left in {old}: {saves(world, old)}")
                    report.equal([sorted(save) for save in saves(world, new)], [sorted(save) for save in rules], f"the rules in {new}")
                    time.sleep(0.1)
                    gone = stream.sent[ALWAYS[0]] - sent
                    more = count(world, new) - counted
                    report.check(0 < more <= gone + 100, f"counted {more} of {gone} packets, {counted} before")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.equal(echo.broken, None, f"the connection, after {echo.turns} turns")
        report.fact(f"{sum(stream.sent.values())} packets, {echo.turns} turns of a connection")


def tied(report):
    """For some targets our chains stand in a table of iptables-nft's name, which it can't read then: it is told before."""
    with World("migrate-tied") as world:
        rule = ["-t", "mangle", "-A", "POSTROUTING", "-p", "udp", "-m", "comment", "--comment", world.marker, "-j", "CHECKSUM", "--checksum-fill"]
        good(report, world, "iptables-nft", *rule)
        rules = saves(world, "nft")
        for option in (["--confirm", "30"], ["--dry-run"], ["--for", "30"]):
            code, output = world.run("xtbpf", "migrate", *option)
            report.check(code == 1 and "CHECKSUM stands in chain POSTROUTING of mangle" in output, f"from iptables-nft, {option}: {output}")
        report.check(saves(world, "nft") == rules and not active(saves(world, "bpf")), "it was refused, but something moved")
        good(report, world, "iptables-nft", "-t", "mangle", "-F")
        good(report, world, "nft", "delete", "table", "ip", "mangle")
        good(report, world, "iptables-legacy", *rule)
        good(report, world, "xtbpf", "migrate")
        code, output = world.run("xtbpf", "migrate", "--dry-run")
        report.check(code == 1 and "iptables-bpf has rules already" in output, f"moved before: {output}")
        good(report, world, "iptables-legacy", *rule)  # as if that had been killed before it took them away
        good(report, world, "xtbpf", "migrate")
        good(report, world, "xtbpf", "migrate", "--back")
        for options, ours in (((), True), (("--back",), False)):
            good(report, world, "xtbpf", "migrate", *options)
            report.equal((active(saves(world, "bpf")), active(saves(world, "legacy"))), (ours, not ours), f"migrate {options}")


def confirmed(report):
    with World("migrate-confirm") as world:
        rules = begin(world, report, "legacy")
        with Stream(world, ALWAYS + NEVER) as stream:
            good(report, world, "xtbpf", "migrate", "--confirm", "2", says="--confirm-now")
            report.check(active(saves(world, "bpf")), "in force meanwhile")
            silent = socket.socket(socket.AF_UNIX)
            silent.connect(guard(world))
            report.check(soon(lambda: saves(world, "legacy") == rules and not active(saves(world, "bpf"))), "nobody confirmed: back it goes")
            silent.close()
            report.check(soon(lambda: not guarded(world)), "no guard is left behind")
            good(report, world, "xtbpf", "migrate", "--confirm", "30")
            report.equal(world.run("xtbpf", "migrate", "--confirm", "9")[0], 1, "a second migration")
            good(report, world, "xtbpf", "migrate", "--back")
            report.check(soon(lambda: not guarded(world)), "going back by hand ends the wait")
            good(report, world, "xtbpf", "migrate", "--confirm", "30")
            good(report, world, "xtbpf", "migrate", "--confirm-now")
            report.check(soon(lambda: not guarded(world)), "no guard is left")
            report.check(active(saves(world, "bpf")) and not active(saves(world, "legacy")), "confirmed: it stays")
            report.equal(world.run("xtbpf", "migrate", "--confirm-now")[0], 1, "nothing more to confirm")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")


def interrupted(report):
    """The rules stay where they are if the time to judge them is cut short: Control-C, a connection that breaks."""
    with World("migrate-interrupted") as world:
        rules = begin(world, report, "legacy")
        for stop in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            process = world.start("xtbpf", "migrate", "--for", "30", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            process.stdout.readline()  # it begins to judge
            process.send_signal(stop)
            output = process.communicate(timeout=20)[0]
            report.check(process.returncode == 1 and "nothing was moved" in output, f"{stop.name}: exit {process.returncode}: {output}")
            report.check(saves(world, "legacy") == rules and not active(saves(world, "bpf")), f"{stop.name}: the rules were moved")


def refused(report):
    with World("migrate-refused") as world:
        rules = begin(world, report, "legacy")
        code, output = world.run("xtbpf", "migrate", "--back")
        report.check(code == 1 and "has no rules" in output, f"back from nowhere: {output}")
        begin(world, report, "nft")
        code, output = world.run("xtbpf", "migrate")
        report.check(code == 1 and "--from" in output, f"rules in both: {output}")
        world.run("iptables-bpf", "-A", "INPUT", "-s", "203.0.113.1", "-m", "comment", "--comment", world.marker, "-j", "DROP")
        code, output = world.run("xtbpf", "migrate", "--from", "legacy", "--confirm", "60")
        report.check(code == 1 and "already" in output, f"rules of ours: {output}")
        report.equal(world.run("xtbpf", "migrate", "--confirm-now")[0], 1, "no guard is left")
        report.equal(saves(world, "legacy"), rules, "the old rules")
        code, output = world.run("xtbpf", "migrate", "--back", "--dry-run")
        report.equal(code, 2, f"options that don't go together: {output}")


def killed(report):
    with World("migrate-killed") as world:
        rules = begin(world, report, "legacy")
        with Stream(world, ALWAYS + NEVER) as stream:
            began = time.monotonic()
            good(report, world, "xtbpf", "migrate")
            duration = time.monotonic() - began
            good(report, world, "xtbpf", "migrate", "--back")
            moved, part = 0, 0.4
            while moved < 2 and part < 5:  # later and later
                part += 0.15
                process = world.start("xtbpf", "migrate", "--confirm", "1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(part * duration)
                process.kill()
                process.wait()
                moved += active(saves(world, "bpf"))
                report.check(soon(lambda: not guarded(world)), "the guard is done")
                good(report, world, "flock", "/proc/self/ns/net", "true")
                report.equal(saves(world, "legacy"), rules, f"rules after a kill at {part} of {duration} s")
                report.check(not active(saves(world, "bpf")), f"rules of ours left after a kill at {part}")
            report.check(moved, "killed too early each time")
        report.equal(stream.wrong(ALWAYS), [], "the steady stream")
        report.fact(f"{moved} had begun")


def completed(report):
    """What a migration that was killed has left, table by table, the next one completes."""
    with World("migrate-completed") as world:
        half = RULES[:RULES.index("*filter")]
        empty = re.sub(r"^(-A|:new) .*\n", "", RULES, flags=re.M).replace(" DROP ", " ACCEPT ")
        for variant in ("legacy", "nft"):
            rules = begin(world, report, variant)
            for old, new, options in ((variant, "bpf", ["--from", variant]), ("bpf", variant, ["--back"])):
                # Killed when it had put some tables in force there; then, when it had taken away some tables here.
                for program, state in ((f"iptables-{new}", "put in force"), (f"ip6tables-{old}", "taken away")):
                    world.run(f"{program}-restore", text=half)
                    good(report, world, "xtbpf", "migrate", *options)
                    report.check(not active(saves(world, old)), f"some {state}: rules left in {old}: {saves(world, old)}")
                    report.equal([sorted(save) for save in saves(world, new)], [sorted(save) for save in rules], f"some {state}: in {new}")
            for command in ("iptables", "ip6tables"):
                world.run(f"{command}-{variant}-restore", text=empty)
        begin(world, report, "bpf")
        code, output = world.run("xtbpf", "migrate", "--back")
        report.check(code == 1 and "--to" in output, f"both others have empty tables: {output}")


def tests():
    for variant in ("legacy", "nft"):
        yield f"{ROUNDS} migrations from iptables-{variant} and back under traffic", lambda report, variant=variant: there_and_back(report, variant)
    yield "a migration with a target that is tied to a table's name", tied
    yield "a migration that nobody confirms goes back", confirmed
    yield "a migration whose trial is interrupted moves nothing", interrupted
    yield "migrations that are refused", refused
    yield "a migration that is killed goes back", killed
    yield "a migration that was killed is completed", completed

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios (scenarios/*.txt) through iptables-legacy in a scratch network namespace and through this project's
programs, and compares exit code, stdout, stderr and the saved tables after each command.

A scenario file: sessions separated by blank lines, each from an untouched namespace; a line is a command (`iptables ...`,
`ip6tables-restore -n`), lines that begin with `| ` after it are its input; `? WHY` before a command says that iptables
1.8.9, which is what the oracle is, differs there from 1.8.11: then only the exit codes are compared; `?? WHY`: nothing is.

By default ours is file_shell (tables in a file, no kernel); --kernel uses build/bin/iptables in a second namespace.
--golden needs neither the oracle nor root: it compares file_shell with scenarios/*.expected, which --bless writes."""

import argparse
import itertools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROTOCOLS = {0: "all", 1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 50: "esp", 51: "ah", 58: "ipv6-icmp", 108: "ipcomp",
             132: "sctp", 135: "mobility-header", 136: "udplite"}
OPTIONS = {"n": "numeric", "s": "source", "d": "destination", "p": "protocol", "j": "jump", "v": "verbose", "x": "exact",
           "i": "in-interface", "o": "out-interface", "0": "line-numbers", "c": "set-counters", "f": "fragments"}


def sessions(text):
    """[[(command, input, note)]]"""
    found, session, note = [], [], ""
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if session:
                found.append(session)
            session = []
        elif line.startswith("?"):
            note = line
        elif line.startswith("|"):
            session[-1][1].append(line[2:] + "\n")
        else:
            session.append((line, [], note))
            note = ""
    return found


def same(text):
    """What both say alike: versions, dates and names apart."""
    text = re.sub(r"1\.8\.\d+", "VERSION", text)
    text = re.sub(r"\((legacy|bpf)\)", "(VARIANT)", text)
    text = re.sub(r"(?m)^# (Generated|Completed).*$", r"# \1", text)
    text = re.sub(r"ip(6?)tables-legacy", r"ip\1tables", text)
    return text


def as_1_8_11(text, numeric):
    """The oracle's text with the known differences of 1.8.9 taken out."""
    def long(match):
        return "--" + OPTIONS[match.group(1)]
    text = re.sub(r"multiple -(\w) flags not allowed", lambda m: f"multiple {long(m)} options not allowed", text)
    text = re.sub(r"(?<=Illegal option `)-(\w)(?=' with)", long, text)
    text = re.sub(r"(?<=cannot have ! before )-(\w)$", long, text, flags=re.M)
    text = re.sub(r"Can't use -(\w) with (\w+)\n\n", lambda m: f"Can't use {long(m)} with {m.group(2)}\n", text)
    text = re.sub(r"(?<=: )-(c)(?= (requires packet|packet counter|byte counter))", long, text)
    text = text.replace("must be shorter than IFNAMSIZ (15)", "must be shorter than 16 characters")
    if numeric:
        def protocol(match):
            number = int(match.group(2))
            return f"{match.group(1)}{PROTOCOLS.get(number, str(number)):<4} {match.group(3)}"
        text = re.sub(r"(?m)^(.*?[ !])(\d+) +((?:--|-f|!f) )", protocol, text)
    return text


def tables(save):
    """A save's tables in an order that both share."""
    return "".join(sorted(re.findall(r"(?ms)^\*.*?^COMMIT\n", same(save))))


class Side:
    """Where commands run: `program` maps an applet's name to the words that start it."""

    def __init__(self, prefix, program, env):
        self.prefix, self.program, self.env = prefix, program, dict(os.environ, **env)

    def run(self, command, text):
        words = shlex.split(command)
        try:
            done = subprocess.run(self.prefix + self.program(words[0]) + words[1:], input=text, capture_output=True, text=True,
                                  env=self.env, timeout=20)
        except subprocess.TimeoutExpired:
            return -1, "", "timeout"
        return done.returncode, done.stdout, done.stderr


def legacy(name):
    return [re.sub(r"^(ip6?tables)", r"\1-legacy", name)]


def transcript(ours, session):
    """What a session prints, as the golden files hold it."""
    text = ""
    for command, lines, _ in session:
        code, out, err = ours.run(command, "".join(lines))
        text += "$ " + command + "\n" + "".join("| " + line for line in lines)
        text += re.sub(r"(?m)( on) \w{3} \w{3} +\d+ [\d:]+ \d+$", r"\1 DATE", out)
        text += "".join("2> " + line for line in err.splitlines(True))
        text += f"exit {code}\n" if code else ""
    return text


def golden(options, shell):
    """(passed, failed): each session is one test."""
    passed = failed = 0
    for path in options.scenarios:
        with tempfile.TemporaryDirectory() as scratch:
            found = []
            for index, session in enumerate(sessions(path.read_text())):
                ours = Side([], shell, {"XTABLES_LOCKFILE": f"{scratch}/lock", "XTBPF_TABLES": f"{scratch}/{index}"})
                found.append(transcript(ours, session))
        expected = path.with_suffix(".expected")
        if options.bless:
            expected.write_text("\n".join(found))
            continue
        wanted = expected.read_text().split("\n$ ") if expected.exists() else []
        got = "\n".join(found).split("\n$ ")
        for want, have in itertools.zip_longest(wanted, got, fillvalue=""):
            passed, failed = passed + (want == have), failed + (want != have)
            if want != have:
                print(f"{expected.name}: expected\n$ {want}\nfound\n$ {have}\n")
    return passed, failed


def compare(oracle, ours, session):
    problems = []
    for command, lines, note in session:
        text = "".join(lines)
        expected, got = oracle.run(command, text), ours.run(command, text)
        if note.startswith("??"):
            continue
        numeric = bool(re.search(r"\s-\w*n|--nu", command))
        want_text = same(as_1_8_11(expected[2] + expected[1], numeric))
        got_text = same(got[2] + got[1])
        if expected[0] != got[0] or (not note and want_text != got_text):
            problems.append(f"$ {command}\n--- iptables-legacy: exit {expected[0]}\n{want_text}+++ ours: exit {got[0]}\n{got_text}")
        family = "ip6tables" if command.startswith("ip6") else "iptables"
        want, have = (tables(side.run(f"{family}-save -c", "")[1]) for side in (oracle, ours))
        if want != have:
            problems.append(f"$ {command}\n--- iptables-legacy saves\n{want}+++ ours\n{have}")
            break
    return problems


def twins(options, program):
    """(passed, failed): each command is one test."""
    failed = total = 0
    with tempfile.TemporaryDirectory() as scratch:
        for path in options.scenarios:
            for index, session in enumerate(sessions(path.read_text())):
                names = [f"xtbpf-text-{os.getpid()}-{side}" for side in "ab"]
                for name in names:
                    subprocess.run(["ip", "netns", "add", name], check=True)
                try:
                    env = {"XTABLES_LOCKFILE": f"{scratch}/lock", "XTBPF_TABLES": f"{scratch}/{path.stem}-{index}"}
                    inside = [["ip", "netns", "exec", name] for name in names]
                    problems = compare(Side(inside[0], legacy, env), Side(inside[1], program, env), session)
                finally:
                    for name in names:
                        subprocess.run(["ip", "netns", "del", name], check=True)
                total += len(session)
                failed += len(problems)
                for problem in problems:
                    print(f"{path.name}, session {index + 1}: {problem}\n")
    return total - failed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", action="store_true", help="compare build/bin/iptables on the kernel")
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    parser.add_argument("--golden", action="store_true", help="compare with the golden files")
    parser.add_argument("--bless", action="store_true", help="write the golden files")
    parser.add_argument("scenarios", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    options.scenarios = options.scenarios or sorted((HERE / "scenarios").glob("*.txt"))

    def shell(name):
        return [str(options.build / "bin" / "file_shell"), name]

    if options.golden or options.bless:
        passed, failed = golden(options, shell)
    else:
        passed, failed = twins(options, (lambda name: [str(options.build / "bin" / name)]) if options.kernel else shell)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

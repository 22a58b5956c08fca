#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that drive iptables do their usual work with ours as with iptables-legacy: after each of their commands the exit
code, what they print and the rules in force are compared, between two places that differ only in what /usr/sbin/iptables is.

    clients.py [CLIENT...]

Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import concurrent.futures
import difflib
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from clientele import fail2ban, ferm, packages, persistent, ufw, wireguard  # noqa: E402
from clientele.place import Place  # noqa: E402
from twin.tool import tables  # noqa: E402

OURS = os.path.join(packages.ROOT, "build", "bin")
TOGETHER = 3
PATIENCE = 10  # seconds that a client may take in the background
SAVES = "iptables-save && echo '*END' && ip6tables-save"


def rules(place):
    """(IPv4, IPv6), each {table: lines} without counters."""
    code, output, errors = place.run(SAVES)
    if code != 0 or errors:
        raise RuntimeError(f"iptables-save: exit {code}: {errors}")
    return [tables(re.sub(r" \[\d+:\d+\]$", "", save, flags=re.M)) for save in output.split("*END\n")]


def quiet(text):
    """Without what differs by itself: names of the variant, process numbers and dates of fail2ban's messages."""
    text = re.sub(r"\b(ip6?tables(?:-restore)?)(-legacy| v\S+ \(\w+\))", r"\1", text)
    return re.sub(r"\d{4}-\d\d-\d\d [\d:,]+ (\S+) +\[\d+\]", r"\1", text)


def steps(client, where):
    """Runs a client in a place of its own: after each command what it did and a function that reads the rules."""
    with Place(where) as place:
        done = place.run(client.prepare)
        yield "its preparation", done, rules(place), lambda: rules(place)
        for command in client.commands:
            done = place.run(command)
            yield command, done, rules(place), lambda: rules(place)


def difference(legacy, ours):
    return [line for line in difflib.unified_diff(legacy, ours, "iptables-legacy", "ours", lineterm="", n=1)][:30]


def lines(done, found):
    code, output, errors = done
    text = [f"exit {code}", *output.splitlines(), *("2> " + line for line in errors.splitlines())]
    for family, save in zip(("ip", "ip6"), found):
        for table in sorted(save):
            text += [f"{family} {table}: {line}" for line in save[table]]
    return [quiet(line) for line in text]


def compare(client):
    """What differs, in words; stops at the first command that does."""
    pools = [concurrent.futures.ThreadPoolExecutor(1) for _ in range(2)]
    sides = [steps(client, where) for where in ("legacy", OURS)]
    try:
        for _ in range(len(client.commands) + 1):
            (what, *legacy, _), (_, *ours, again) = [step.result() for step in [
                pool.submit(next, side) for pool, side in zip(pools, sides)]]
            legacy, ours = lines(*legacy), ours
            end = time.monotonic() + (PATIENCE if client.async_rules else 0)
            while (problems := difference(legacy, lines(*ours))) and time.monotonic() < end:
                time.sleep(0.1)
                ours[1] = again()
            if problems:
                return [f"after {what}", *problems]
        return []
    finally:
        for pool, side in zip(pools, sides):
            pool.submit(side.close).result()
            pool.shutdown()


def run(client):
    began = time.monotonic()
    try:
        problems = compare(client)
    except Exception as error:  # one broken client doesn't hide the others
        problems = [f"{type(error).__name__}: {error}"]
    line = f"{'FAIL' if problems else 'PASS'} {client.name} ({len(client.commands)} commands, {time.monotonic() - began:.1f} s)"
    print("\n    ".join([line, *problems]), flush=True)
    return not problems


def main():
    clients = [client for theme in (ufw, ferm, persistent, fail2ban, wireguard) for client in theme.CLIENTS
               if not sys.argv[1:] or client.name in sys.argv[1:]]
    reasons = machine.lacks() or ([] if machine.legacy_iptables() else ["iptables-legacy"])
    if not reasons and (lacking := packages.unpack()):
        reasons = [lacking]
    if reasons:
        return outcome.unable(reasons, len(clients))
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        return outcome.of(pool.map(run, clients))


if __name__ == "__main__":
    sys.exit(main())

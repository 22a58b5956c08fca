# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables so long that a single rule is edited in place, in the room of their image."""

import random

from twin.case import Case, filter_table
from twin.frames import tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Command, frame

MANY = {4: [f"-A many -s 198.18.{number >> 8}.{number & 255}/32 -j DROP" for number in range(2400)],
        6: [f"-A many -s 2001:db8:bad::{number:x}/128 -j DROP" for number in range(2400)]}
SHORT = {4: ["-A FORWARD -j many", "-A FORWARD -p tcp -j web", "-A web -p tcp --dport 2 -j RETURN", "-A web -p tcp --dport 1 -j DROP",
             "-A FORWARD -m conntrack --ctstate INVALID -j DROP", "-A INPUT -j web", "-A INPUT -p udp --dport 4", "-A INPUT -p udp -j many"]}
SHORT[6] = SHORT[4]
TARGETS = ["", " -j ACCEPT", " -j DROP", " -j RETURN", " -j REJECT", " -j many"]


def some_rule(chance, family):
    words = [chance.choice(["", "-p udp", f"-p udp --dport {chance.randint(1, 5)}", f"-p tcp --dport {chance.randint(1, 5)}",
                            "-p tcp --syn", "-p udp ! --sport 1000", "-i eth+", "-p tcp --dport 2:4"])]
    if chance.random() < 0.4:
        words.append(f"-s {SRC[family]}" + chance.choice(["", f"/{16 * family}"]))
    if chance.random() < 0.2:
        words.append(f"! -d {DST[family]}")
    if chance.random() < 0.2:
        words.append(chance.choice(["-m ttl --ttl-gt 3", "-m conntrack --ctstate NEW", "-m length --length 1:90"]) if family == 4
                     else chance.choice(["-m hl --hl-gt 3", "-m conntrack --ctstate NEW", "-m length --length 1:90"]))
    return " ".join(filter(None, words)) + chance.choice(TARGETS)


def commands(chance, family, count):
    """Random ones. Most edit in place; others make the table anew."""
    put = []
    for _ in range(count):
        chain = chance.choice(["FORWARD", "FORWARD", "INPUT", "web", "many"])
        kind = chance.choice("AAAIIIRDDC")
        if kind in "DC" and put and chance.random() < 0.7:
            yield f"-{kind} {chance.choice(put)}"
        elif kind in "DC":
            yield f"-D {chain} {chance.randint(1, 4)}"
        else:
            rule = some_rule(chance, family)
            rule = rule.replace("-j many", "-j DROP") if chain in ("many", "web") else rule
            put.append(f"{chain} {rule}")
            place = {"A": "", "I": f"{chance.randint(1, 4)} ", "R": f"{chance.randint(1, 4)} "}[kind]
            yield f"-{kind} {chain} {place}{rule}"


def cases():
    for family in FAMILIES:
        packets = [frame(packet(family, SRC[family], target[family], make(1000, port))) for target in (DST, ROUTER) for make in (udp, tcp)
                   for port in (1, 2, 4)]

        def edited(name, orders, f=family, steps=packets):
            way = [*steps]
            for order in orders:
                way += [Command(f, order), *steps]
            return Case(f"long-{name}{f}", {f: filter_table(*MANY[f], *SHORT[f], chains=("many", "web"))}, way, edited=True)
        absent = ["-C FORWARD -p udp --dport 5 -j DROP"] if family == 4 else []  # ip6tables 1.8.9 doesn't compare the port
        yield edited("edits", ["-A FORWARD -p udp --dport 1 -j DROP", "-I FORWARD -p udp --dport 2", "-I FORWARD 2 -p udp --dport 2 -j DROP",
                               "-D FORWARD 1", "-A web -p tcp --dport 4 -j DROP", "-I web -p tcp --dport 1 -j RETURN", "-R web 1 -p tcp --dport 1 -j DROP",
                               "-C FORWARD -p udp --dport 1 -j DROP", *absent, "-D many 1200",
                               "-D FORWARD -p udp --dport 1 -j DROP", "-A INPUT -p udp --dport 4 -c 5 500 -j DROP", "-D FORWARD -p udp --dport 1 -j DROP",
                               "-I FORWARD 99 -j DROP", "-R FORWARD 99 -j DROP", "-D FORWARD 99", "-A FORWARD -j nosuch",
                               "-Z FORWARD", "-I INPUT -p udp", "-S INPUT", "-A FORWARD -j DROP", "-D FORWARD -j many"])
        for seed in (1, 2):
            yield edited(f"random-{seed}-", commands(random.Random(seed), family, 40))

# SPDX-License-Identifier: GPL-2.0-or-later
"""A case: rules, and steps that make packets. The themes are in ../cases, one file each, with a function cases()."""

from dataclasses import dataclass, field

from .tool import BUILTIN


@dataclass
class Case:
    name: str
    rules: dict                               # {4 or 6: text for restore}
    steps: list
    ends: str = "AB"                          # the ends of topology.py that are watched
    listen: list = field(default_factory=list)  # (family, "tcp" or "udp", port) in R
    edited: bool = False                      # rules change on the way: libiptc 1.8.9 forgets all policies' counters at each commit
    exact: bool = True                        # else only which counters moved is compared: timing decides the rest


def table(name, *lines, policies=None, chains=()):
    """Text of one table; lines without a leading dash are comments to nobody and not allowed."""
    text = f"*{name}\n"
    for chain in BUILTIN[name]:
        text += f":{chain} {(policies or {}).get(chain, 'ACCEPT')} [0:0]\n"
    text += "".join(f":{chain} - [0:0]\n" for chain in chains)
    return text + "".join(f"{line}\n" for line in lines) + "COMMIT\n"


def filter_table(*lines, policies=None, chains=()):
    return table("filter", *lines, policies=policies, chains=chains)


def probes(name, family, chain, matches, steps_for, *, prelude=(), select="ttl", **more):
    """Two cases for a list of matches. NAME-count: one rule without target per match, so that each packet meets them all.
    NAME-drop: the packet's TTL (or `select`="tos") picks one match, which drops, so that every way of dropping (early or
    not) is taken. `steps_for(value)` gives the steps with that TTL or TOS."""
    proto = "hl" if family == 6 and select == "ttl" else select
    option = {"ttl": "--ttl-eq", "hl": "--hl-eq", "tos": "--tos"}[proto]
    first = 20 if select == "ttl" else 4
    step = 1 if select == "ttl" else 4
    count = [*prelude, *(f"-A {chain} {match}" for match in matches)]
    yield Case(f"{name}-count", {family: filter_table(*count)}, steps_for(first), **more)
    drop, steps = list(prelude), []
    for number, match in enumerate(matches):
        value = first + number * step
        assert value < 250, f"{name}: too many matches"
        drop.append(f"-A {chain} -m {proto} {option} {value} -j pick{number}")
        drop.append(f"-A pick{number} {match} -j DROP")
        steps += steps_for(value)
    chains = [f"pick{number}" for number in range(len(matches))]
    yield Case(f"{name}-drop", {family: filter_table(*drop, chains=chains)}, steps, **more)

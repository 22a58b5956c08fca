# SPDX-License-Identifier: GPL-2.0-or-later
"""An iptables to be shown or measured, and what it says of itself."""

import os
import re


class Firewall:
    """One way to run iptables: its name, its commands."""

    def __init__(self, name, directory=None, suffix=""):
        self.name, self.directory, self.suffix = name, directory, suffix

    def command(self, applet):
        stem, _, verb = applet.partition("-")
        program = "-".join(filter(None, (stem + self.suffix, verb)))
        return os.path.join(self.directory, program) if self.directory else program

    def restore(self, pair, ruleset):
        with open(ruleset, encoding="utf-8") as rules:
            pair.inside(pair.host, self.command("iptables-restore"), "-w", stdin=rules)

    def save(self, pair):
        """Lines of `iptables-save -c` as (text, counters)."""
        text = pair.inside(pair.host, self.command("iptables-save"), "-c")
        lines = []
        for line in text.splitlines():
            if rule := re.match(r"\[(\d+:\d+)\] (.*)", line):
                lines.append((rule.group(2), rule.group(1)))
            elif chain := re.match(r"(:\S+ \S+) \[(\d+:\d+)\]", line):
                lines.append((chain.group(1), chain.group(2)))
            elif line.startswith("*"):
                lines.append((line, ""))
        return lines

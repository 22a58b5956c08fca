# SPDX-License-Identifier: GPL-2.0-or-later
"""Two rulesets in a world, and which of them is in force: as saved, and by the fate of packets."""

import json

from faulty.rulesets import ONLY_A, ONLY_B, WITNESS, ruleset
from faulty.traffic import Probe
from faulty.world import kernel_objects, rules_of, soon

EXPECTED = {"A": {ONLY_A}, "B": {ONLY_B}}


class Pair:
    """Its files' names are in `files`, by letter. B is in force at first."""

    def __init__(self, world, directory, more=0):
        self.world, self.files, self._saved = world, {}, {}
        for letter in "AB":
            text = ruleset(world.marker, letter, more).replace("COMMIT", f"-I INPUT -p udp -m udp --dport {WITNESS} -j ACCEPT\nCOMMIT")
            self.files[letter] = f"{directory}/{letter}"
            with open(self.files[letter], "w", encoding="ascii") as file:
                file.write(text)
            world.restore(text)
            self._saved[letter] = rules_of(world.save())
        self._probe = Probe(world, (ONLY_A, ONLY_B), WITNESS)
        soon(lambda: len(kernel_objects(world.marker)[0]) == 1)
        self._before = self._held()

    def in_force(self, report, when):
        """The letter, or None if it is neither, or not whole; the report then tells."""
        rules = rules_of(self.world.save())
        found = [letter for letter in "AB" if self._saved[letter] == rules]
        if not report.check(found, f"{when}: neither ruleset is in force: {len(rules)} lines, the first:\n" + "\n".join(rules[:10])):
            return None
        # Not the same as being saved: the early stage has programs of its own.
        whole = report.equal(self._probe.accepted(), EXPECTED[found[0]], f"{when}: accepted under {found[0]}")
        return found[0] if whole else None

    def _held(self):
        stores, programs = kernel_objects(self.world.marker)
        nft = json.loads(self.world.run("nft", "-j", "list", "ruleset")[1].split("\n# ")[-1].lstrip("# ") or "{}")
        kinds = sorted(kind for found in nft.get("nftables", ()) for kind in found)
        return (len(stores), len(programs), self.world.run("tc", "filter", "show", "dev", "eth0", "ingress")[1].count("handle"),
                {kind: kinds.count(kind) for kind in set(kinds)})

    def check_held(self, report):
        """With B in force again, the kernel holds what it held at first."""
        with open(self.files["B"], encoding="ascii") as file:
            self.world.restore(file.read())
        soon(lambda: self._held() == self._before)
        report.equal(self._held(), self._before, "stores, programs, tc filters, nft objects")

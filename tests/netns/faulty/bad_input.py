# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a command's words changes nothing in the kernel: not even an nf_tables transaction is sent."""

from faulty.rulesets import ruleset
from faulty.world import World

# (command, maybe behind a variable of its environment; its input, exit code, part of the text)
COMMANDS = (
    ("iptables -w -A INPUT -m nosuch -j DROP", "", 2, "Couldn't load match `nosuch'"),
    ("iptables -w -A INPUT -s 300.1.2.3 -j DROP", "", 2, "host/network `300.1.2.3' not found"),
    ("iptables -w -t nosuch -A INPUT -j DROP", "", 3, "Table does not exist"),
    ("iptables -w -A INPUT -j NOSUCH", "", 2, "Couldn't load target `NOSUCH'"),
    ("iptables -w -A NOSUCH -j DROP", "", 1, "No chain/target/match by that name"),
    ("iptables -w -D INPUT -s 192.0.2.1 -j DROP", "", 1, "does a matching rule exist"),
    ("iptables -w -A only-A -j only-A", "", 1, "Too many levels of symbolic links"),
    ("XTBPF_EARLY=never iptables -w -A INPUT -j DROP", "", 1, 'XTBPF_EARLY is "never", not xdp, tc, off or auto'),
    ("XTBPF_CHAINS=trees iptables -w -A INPUT -j DROP", "", 1, 'XTBPF_CHAINS is "trees", neither code nor data'),
    ("iptables-restore -w", "*filter\n-A INPUT -j DROP\n", 1, "COMMIT expected"),
    ("iptables-restore -w", "*filter\n-A INPUT -j DROP\n-A INPUT -m nosuch\nCOMMIT\n", 2, "Couldn't load match `nosuch'"),
    ("iptables-restore -w", "*filter\n-A INPUT -j DROP\n-A INPUT -s 1.2.3.4.5 -j DROP\nCOMMIT\n", 2, "host/network `1.2.3.4.5' not found"),
    ("iptables-restore -w", "*filter\n-A INPUT -j DROP\n-A NOSUCH -j DROP\nCOMMIT\n", 1, "line 3 failed"),
    ("iptables-restore -w -n", "*nosuch\nCOMMIT\n", 2, "unable to initialize table 'nosuch'"),
    ("iptables-restore -w -t", "*filter\n-A INPUT -j DROP\nCOMMIT\n", 0, ""),
)


def words(report):
    with World("words") as world:
        world.restore(ruleset(world.marker, "A"))
        before = world.generation(), world.save("-c").splitlines()[1:-1]
        for command, text, wanted, part in COMMANDS:
            environment = dict(word.split("=") for word in command.split() if word.startswith("XTBPF_"))
            code, output = world.run(*command.split()[len(environment):], text=text, environment=environment)
            report.check(code == wanted and part in output, f"{command}: exit {code}, not {wanted}: {output}")
        # A test batch is undone by the kernel, which raises the generation all the same.
        report.check(world.generation() <= before[0] + 1, f"generation {world.generation()}, was {before[0]}")
        report.equal(world.save("-c").splitlines()[1:-1], before[1], "rules afterwards")


def tests():
    yield "bad words change nothing", words

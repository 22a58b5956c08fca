# SPDX-License-Identifier: GPL-2.0-or-later
"""One command of iptables-legacy after the other, what they count, and several at once."""

import re
import shlex
import tempfile

from faulty.world import HOST, World

from . import PRELOADED, clean, places

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

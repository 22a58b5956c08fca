# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the rights it takes: iptables-legacy's texts and exit codes, and nothing changed."""

import os

from faulty.rulesets import ruleset
from faulty.world import PROGRAMS, World

DENIED = "Permission denied (you must be root)"
NOT_ROOT = "setpriv --reuid 65534 --regid 65534 --clear-groups"
TEXT = "*filter\n-A INPUT -j DROP\nCOMMIT\n"


def without(*capabilities):
    names = ",".join("-" + name for name in capabilities)
    return f"setpriv --bounding-set {names} --inh-caps {names}"


ANSWERS = {
    "iptables": (("-w", "-A", "INPUT", "-j", "DROP"), 3, "can't initialize iptables table `filter': "),
    "iptables-save": ((), 1, "Cannot initialize: "),
    "iptables-restore": (("-w",), 2, "unable to initialize table 'filter'"),
}


def denied(report):
    with World("rights") as world:
        world.restore(ruleset(world.marker, "A"))
        before = world.generation(), world.save("-c").splitlines()[1:-1]
        for way in (without("net_admin"), without("bpf", "sys_admin"), without("perfmon", "sys_admin"), without("all"), "unshare -Ur", NOT_ROOT):
            for applet, (options, wanted, part) in ANSWERS.items():
                lock = {"XTABLES_LOCKFILE": "/dev/null"}  # a lock that anybody may take
                code, output = world.run(*way.split(), os.path.join(PROGRAMS, applet), *options, text=TEXT, environment=lock)
                part += DENIED if "net_admin" in way and applet != "iptables-restore" else ""
                denial = applet == "iptables-restore" or DENIED in output
                report.check(code == wanted and part in output and denial, f"{way} {applet}: exit {code}, not {wanted}: {output}")
        code, output = world.run(*NOT_ROOT.split(), os.path.join(PROGRAMS, "iptables"), "-A", "INPUT", "-j", "DROP")
        report.check(code == 4 and output == f"Fatal: can't open lock file {world.environment['XTABLES_LOCKFILE']}: Permission denied\n",
                     f"no right to the lock: exit {code}: {output}")
        report.equal((world.generation(), world.save("-c").splitlines()[1:-1]), before, "afterwards")


def user_namespace(report):
    """It may change nf_tables there, but load no BPF."""
    with World("userns") as world:
        for applet, options in (("iptables", "-w -A INPUT -j DROP"), ("iptables-restore", "-w")):
            script = f"{os.path.join(PROGRAMS, applet)} {options}; echo exit $?; nft list ruleset"
            _, output = world.run("unshare", "-Urn", "sh", "-c", script, text=TEXT)
            report.check(DENIED in output and output.endswith("exit 1\n"), f"{applet}: {output}")


def tests():
    yield "missing rights: iptables-legacy's answers, nothing changed", denied
    yield "no BPF in a user namespace: nothing changed there", user_namespace

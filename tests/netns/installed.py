#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package and the services, in a mount namespace whose /etc, /usr, /var and /run are nobody else's: installing,
alternatives, the services' commands with exactly the rights that their units leave them, removing.

    installed.py [PART...]

PART is a part of a test's name. Exit 0 if all passed, 1 if one failed, 77 if it couldn't run at all."""

import glob
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import machine  # noqa: E402
import outcome  # noqa: E402
from clientele.packages import ROOT  # noqa: E402
from clientele.place import Place  # noqa: E402
from faulty import run  # noqa: E402

DPKG = "dpkg --force-confold --no-triggers"
UNITS = "/usr/lib/systemd/system"
RULES = """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 5/sec -j LOG
COMMIT
"""


class Installed:
    """A context: a place with the package installed."""

    def __init__(self, report):
        self.report, self.place = report, Place(None)

    def __enter__(self):
        self.place.__enter__()
        self.good(f"{DPKG} -i {package()}")
        return self

    def __exit__(self, *what):
        return self.place.__exit__(*what)

    def good(self, text):
        """Its output, if it succeeds."""
        code, output, errors = self.place.run(text)
        self.report.check(code == 0, f"{text}: exit {code}: {output}{errors}")
        return output

    def unit(self, name):
        """(key, value) pairs of an installed unit."""
        return re.findall(r"^(\w+)=(.*)$", self.good(f"cat {UNITS}/{name}"), re.M)


def package():
    found, = glob.glob(os.path.join(ROOT, "build", "iptables-bpf_*.deb"))
    return found


def files(place):
    return set(place.run("find /etc /usr /var ! -path '/var/lib/dpkg/*' ! -path '/var/log/*'")[1].splitlines())


def installs_and_goes(report):
    with Place(None) as place:
        before, chosen = files(place), place.run("update-alternatives --query iptables")[1]
        for command in (f"{DPKG} -i {package()}", "iptables-bpf -A INPUT -s 203.0.113.1 -j DROP",
                        "iptables-bpf -t mangle -A POSTROUTING -p udp -j CHECKSUM --checksum-fill"):
            report.equal(place.run(command)[0], 0, command)
        value = re.search(r"^Value: (.*)$", chosen, re.M).group(1)
        report.check(f"Value: {value}\n" in place.run("update-alternatives --query iptables")[1], "installing takes iptables over")
        report.check("NO" not in place.run("dpkg -V iptables-bpf")[1], "dpkg -V")
        code, output, errors = place.run(f"{DPKG} -r iptables-bpf")
        report.check(code == 0 and "nft delete table ip iptables-bpf" in output and "nft delete table ip mangle" in output, f"removal: {output}{errors}")
        report.equal(place.run("update-alternatives --query iptables")[1], chosen, "alternatives after the removal")
        report.equal(place.run(f"{DPKG} -P iptables-bpf")[0], 0, "purging")
        report.equal(files(place) ^ before, set(), "files left or lost")


def alternatives(report):
    with Installed(report) as installed:
        value = re.search(r"^Value: (.*)$", installed.good("update-alternatives --query iptables"), re.M).group(1)
        for name in ("iptables", "ip6tables"):
            installed.good(f"update-alternatives --set {name} /usr/sbin/{name}-bpf")
            for applet in ("", "-save", "-restore"):
                report.check("(bpf)" in installed.good(f"{name}{applet} -V"), f"{name}{applet} is ours")
        installed.good("iptables -A INPUT -s 203.0.113.1 -j DROP && iptables-save | iptables-restore")
        seen = installed.good("LD_PRELOAD=/usr/lib/iptables-bpf/libiptables-bpf.so iptables-legacy -S")
        report.check("203.0.113.1" in seen, f"iptables-legacy with the library preloaded: {seen}")
        installed.good(f"update-alternatives --set iptables {value}")
        report.check("(bpf)" not in installed.good("iptables -V"), "iptables is theirs again")
        installed.good("update-alternatives --auto ip6tables")
        report.check("(bpf)" not in installed.good("ip6tables -V"), "ip6tables is theirs again")
        report.check("203.0.113.1" in installed.good("iptables-bpf-save"), "the rules stay in force")


def confined(unit, command):
    """A command of a unit with the unit's capabilities, no new privileges and private file systems read-only."""
    keep = ",".join("+" + name.removeprefix("CAP_").lower() for name in dict(unit)["CapabilityBoundingSet"].split())
    writable = [path.lstrip("-") for path in dict(unit)["ReadWritePaths"].split()]
    mounts = "".join(f"[ ! -d {path} ] || mount --bind {path} {path}; " for path in writable)
    # mount refuses what it is told of a mount above: the root file system's flag, then that of each below /.
    read_only = "for at in / /etc /usr /var; do mount -o remount,bind,ro $at; done; "
    return f"unshare -m sh -c '{mounts}{read_only} exec setpriv --bounding-set -all,{keep} --inh-caps -all --no-new-privs {command}'"


def service(report):
    with Installed(report) as installed:
        place, unit = installed.place, installed.unit("iptables-bpf.service")
        start, reload, stop = (confined(unit, dict(unit)[key]) for key in ("ExecStart", "ExecReload", "ExecStop"))
        report.check(place.run(confined(unit, "touch /etc/mark"))[0] != 0, "/etc can be written to")
        status = installed.good(confined(unit, "cat /proc/self/status"))
        report.check(re.search(r"CapEff:\t0*201000\n[\s\S]*NoNewPrivs:\t1\n", status), f"not as confined as the unit says: {status}")
        code, _, errors = place.run(start)
        report.check(code == 0 and "nothing to restore" in errors, f"without rules: {errors}")
        place.write("/etc/iptables/rules.v4", RULES)
        place.write("/etc/iptables/rules.v6", RULES)
        installed.good(start)
        report.equal(installed.good("iptables-bpf-save | grep -v '^#' | sed 's/ \\[.*//'"), RULES.replace(" [0:0]", ""), "restored")
        report.equal(installed.good("ip6tables-bpf -S | wc -l"), "6\n", "restored, IPv6")
        place.write("/etc/iptables/rules.v4", RULES.replace("-i lo", "-i lo -s 127.0.0.0/8"))
        place.write("/etc/iptables/rules.v6", RULES.replace("-A INPUT -p tcp", "-A INPUT -p tcp --nonsense"))
        before = installed.good("iptables-bpf-save; ip6tables-bpf-save")
        code, output, errors = place.run(reload)
        report.check(code == 1 and "rules.v6:7" in errors and "--nonsense" in errors, f"a bad line: exit {code}: {output}{errors}")
        report.equal(rules(installed.good("iptables-bpf-save; ip6tables-bpf-save")), rules(before), "the old rules, all of them")
        place.write("/etc/iptables/rules.v6", RULES)
        installed.good(reload)
        report.check("127.0.0.0/8" in installed.good("iptables-bpf -S INPUT"), "reloaded")
        installed.good("iptables-bpf -A INPUT -s 198.51.100.1 -j DROP")
        installed.good(confined(unit, "/usr/sbin/iptables-bpf-rules save"))
        report.check("198.51.100.1" in installed.good("cat /etc/iptables/rules.v4"), "saved")
        report.equal(installed.good("stat -c %a /etc/iptables/rules.v4"), "600\n", "mode of what was saved")
        installed.good("mkdir /run/full && mount -t tmpfs -o size=4k none /run/full && cp /etc/iptables/rules.v4 /run/full")
        installed.good("sed -i 's#^RULES_DIRECTORY=.*#RULES_DIRECTORY=/run/full#' /etc/default/iptables-bpf")
        report.equal(place.run("/usr/sbin/iptables-bpf-rules save")[0], 1, "saving to a full disk")
        report.equal(installed.good("ls /run/full && cat /run/full/rules.v4"), "rules.v4\n" + installed.good("cat /etc/iptables/rules.v4"), "what was there")
        installed.good("sed -i 's#^RULES_DIRECTORY=.*#RULES_DIRECTORY=#' /etc/default/iptables-bpf")
        installed.good(stop)
        report.check("198.51.100.1" in installed.good("iptables-bpf-save"), "stopping leaves the rules in force")
        installed.good("sed -i 's/^ON_STOP=.*/ON_STOP=flush/' /etc/default/iptables-bpf")
        installed.good(stop)
        report.equal(installed.good("iptables-bpf -S"), "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n", "flushed")
        installed.good("mv /usr/sbin/iptables-bpf-save /usr/sbin/gone")
        report.check(place.run(stop)[0] == 1, "a flush that can't tell what there is claims success")


def rules(save):
    return [re.sub(r" \[.*", "", line) for line in save.splitlines() if not line.startswith("#")]


def allowed(filter_text):
    """System calls of a SystemCallFilter=, groups opened."""
    names = set()
    for word in filter_text.split():
        if not word.startswith("@"):
            names.add(word)
            continue
        shown = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        inside = [line.strip() for line in shown.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
        names |= allowed(" ".join(inside))
    return names


def system_calls(report):
    with Installed(report) as installed:
        unit = dict(installed.unit("iptables-bpf.service"))
        installed.place.write("/etc/iptables/rules.v4", RULES)
        permitted = allowed(unit["SystemCallFilter"]) | allowed("@default")
        trace = "/run/trace"
        installed.good(f"for what in start save stop; do strace -f -qq -A -o {trace} /usr/sbin/iptables-bpf-rules $what; done")
        used = set(re.findall(r"^\d+ +(\w+)\(", installed.good(f"cat {trace}"), re.M))
        report.equal(used - permitted, set(), "system calls that the unit forbids")
        report.fact(f"{len(used)} system calls used")
        # The other service, at the most it does: it puts flushed rules back.
        unit = dict(installed.unit("xtbpf-watch.service"))
        watch = unit["ExecStart"].replace("/run/xtbpf/", "/run/")
        installed.good("/usr/sbin/iptables-bpf-rules start")
        before = installed.good("iptables-bpf-save")
        installed.good(f"rm {trace}; strace -f -qq -A -o {trace} {watch} >/run/said 2>&1 & service=$!; sleep 1; nft flush ruleset; sleep 1; "
                       "pkill -TERM -P $service; wait $service")
        report.equal(rules(installed.good("iptables-bpf-save")), rules(before), "flushed rules, put back")
        used = set(re.findall(r"^\d+ +(\w+)\(", installed.good(f"cat {trace}"), re.M))
        report.equal(used - allowed(unit["SystemCallFilter"]) - allowed("@default"), set(), "system calls that watch's unit forbids")


def units(report):
    with Installed(report) as installed:
        for name, most in (("iptables-bpf.service", 4.0), ("xtbpf-watch.service", 4.0)):
            verified = installed.place.run(f"systemd-analyze verify --man=no {UNITS}/{name}")
            report.check(name not in verified[2], verified[2])
            told = installed.good(f"systemd-analyze security --offline=true --no-pager {UNITS}/{name}")
            exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", told).group(1))
            report.check(exposure <= most, f"{name}: exposure {exposure}")
            report.fact(f"{name} {exposure}")


def completion(report):
    with Installed(report) as installed:
        text = """source /usr/share/bash-completion/completions/xtbpf
            for line in "xtbpf st" "xtbpf explain --p" "xtbpf explain --ipv" "xtbpf explain --in l" "xtbpf explain tcp dp" "xtbpf migrate --from " \\
                "xtbpf explain -f /run/of"; do
                read -ra COMP_WORDS <<<"$line"; [ "${line% }" = "$line" ] || COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _xtbpf; (IFS='|'; echo "${COMPREPLY[*]}")
            done"""
        installed.place.write("/run/complete", text)
        installed.good("touch '/run/of rules'")
        report.equal(installed.good("bash /run/complete").splitlines(),
                     ["status", "--pcap", "--ipv4|--ipv6", "lo", "dport", "legacy|nft", "/run/of rules"], "completed")


TESTS = [("the package installs and goes without a trace", installs_and_goes), ("alternatives, there and back", alternatives),
         ("bash completes xtbpf's words", completion),
         ("the service with its unit's rights", service), ("the service within its unit's system calls", system_calls),
         ("systemd on the units", units)]


def main():
    chosen = [(name, test) for name, test in TESTS if not sys.argv[1:] or any(part in name for part in sys.argv[1:])]
    reasons = machine.lacks() + [f"the program {name}" for name in ("dpkg", "setpriv", "strace", "systemd-analyze")
                                 if not shutil.which(name)]
    if reasons:
        return outcome.unable(reasons, len(chosen))
    subprocess.run([os.path.join(ROOT, "packaging", "build-deb")], check=True)
    return outcome.of(run(name, test) for name, test in chosen)


if __name__ == "__main__":
    sys.exit(main())

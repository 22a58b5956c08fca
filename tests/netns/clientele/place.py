# SPDX-License-Identifier: GPL-2.0-or-later
"""A network and mount namespace where the clients are as if installed and /usr/sbin/iptables is one implementation. What is
written to /etc, /usr, /var and /run there stays there and goes with it."""

import os
import shlex
import signal
import subprocess

from .packages import UNPACKED

_OVERLAY = r"""
set -e
mount -t tmpfs run /run
mkdir -p /run/none/etc /run/none/usr /run/none/var
for directory in etc usr var; do
    mkdir -p /run/over/$directory/upper /run/over/$directory/work
    mount -t overlay clients -o "lowerdir=$BELOW/$directory:/$directory,upperdir=/run/over/$directory/upper,workdir=/run/over/$directory/work" /$directory
done
ip link set lo up
ip link add eth0 type veth peer name eth1
ip address add 192.0.2.1/24 dev eth0
ip link set eth0 up
ip link set eth1 up
"""

_CLIENTS = r"""
cp -r "$BELOW/lib/." /usr/lib/
for variant in iptables ip6tables; do
    for applet in '' -save -restore; do
        case $WHERE in
        legacy) ln -sf /usr/sbin/xtables-legacy-multi /etc/alternatives/$variant$applet ;;
        *) ln -sf $WHERE/$variant$applet /etc/alternatives/$variant$applet ;;
        esac
        rm -f /usr/sbin/$variant-legacy$applet # which ferm prefers
        ln -sf /etc/alternatives/$variant$applet /usr/sbin/$variant$applet
    done
done
rm -f /usr/sbin/nft /usr/bin/systemctl # no client goes another way
"""


class Place:
    """A context. `where`: "legacy", or a directory with our programs; None: this machine as it is, without clients."""

    def __init__(self, where):
        self._environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root",
                             "BELOW": os.path.join(UNPACKED, "root") if where else "/run/none", "WHERE": where or ""}
        settle = _OVERLAY + (_CLIENTS if where else "") + "echo settled; exec cat"
        self._holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", settle], env=self._environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout.readline() != "settled\n":
            raise RuntimeError("no place for clients: see above")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self._inhabitants():  # servers that a test didn't come to stop
            os.kill(child, signal.SIGKILL)
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()

    def _inhabitants(self):
        """All other processes in the place's network namespace."""
        here = os.readlink(f"/proc/{self._holder.pid}/ns/net")
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if int(name) != self._holder.pid and os.readlink(f"/proc/{name}/ns/net") == here:
                    yield int(name)
            except OSError:  # it has gone meanwhile
                continue

    def run(self, text, timeout=300):
        """(exit code, output, errors) of shell text."""
        done = subprocess.run(["nsenter", "-t", str(self._holder.pid), "--net", "--mount", "sh", "-c", text], env=self._environment,
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
        return done.returncode, done.stdout, done.stderr

    def write(self, path, text):
        code, _, errors = self.run(f"mkdir -p $(dirname {path}) && printf %s {shlex.quote(text)} > {path}")
        if code != 0:
            raise RuntimeError(errors)

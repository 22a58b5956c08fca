# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of one side: restore and save, as a user would call them."""

import os
import re
import socket
import subprocess
import tempfile

FAMILIES = {4: "iptables", 6: "ip6tables"}
BUILTIN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}


def empty(table):
    return f"*{table}\n" + "".join(f":{chain} ACCEPT [0:0]\n" for chain in BUILTIN[table]) + "COMMIT\n"


class Tool:
    """`where`: "legacy" for the system's own iptables-legacy, or a directory with iptables-restore and the others."""

    def __init__(self, where, namespace, environment=None):
        self.where = where
        self._namespace = namespace
        self._lock = tempfile.NamedTemporaryFile(prefix="xtbpf-netns-lock-")  # a lock of our own: no waiting for strangers
        self._environment = os.environ | {"XTABLES_LOCKFILE": self._lock.name, "LC_ALL": "C"} | (environment or {})

    def close(self):
        self._lock.close()

    def program(self, family, applet):
        if self.where == "legacy":
            return f"{FAMILIES[family]}-legacy{applet}"
        return os.path.join(self.where, FAMILIES[family] + applet)

    def start(self, family, applet, *arguments):
        with self._namespace.entered():
            return subprocess.Popen([self.program(family, applet), *arguments], env=self._environment, text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, text=""):
    """(exit code, output, errors) of a started program."""
    out, errors = process.communicate(text, timeout=60)
    return process.returncode, out, errors


def said(outcome):
    """Exit code and errors of finish(), but for what iptables-save says of each label where no file names them."""
    code, _, errors = outcome
    return code, re.sub(r"Warning: cannot open \S+/connlabel.conf: .*\n", "", errors)


def _protocol_number(found):
    """1.8.9 names protocols by /etc/protocols, 1.8.11 by a list of its own."""
    try:
        return f"-p {socket.getprotobyname(found.group(1))} "
    except OSError:
        return found.group(0)


def tables(save):
    """{table: lines} of a save, comments left out, protocols by number."""
    result, lines = {}, []
    for line in save.splitlines():
        if line.startswith("*"):
            lines = result.setdefault(line[1:], [])
        elif line and not line.startswith("#") and line != "COMMIT":
            lines.append(re.sub(r"-p ([a-z][\w-]*)(?: |$)", _protocol_number, line).rstrip())
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""A host under test and a peer joined by a veth pair, the project's programs inside, and what the kernel holds for them."""

import json
import os
import socket
import struct
import subprocess
import tempfile
import time

from twin.namespace import Namespace

HOST, PEER = "10.78.0.1", "10.78.0.2"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAMS = os.path.join(_ROOT, "build", "bin")
_GET_GENERATION = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN


def rules_of(save):
    """A save without comments and counters."""
    return [line.split(" [")[0] for line in save.splitlines() if not line.startswith("#")]


class World:
    """A context. `label` is part of a comment in its rules, which tells its maps from everybody else's."""

    def __init__(self, label):
        self.marker = f"faults-{os.getpid()}-{label}"
        self.host, self.peer = Namespace(), Namespace()
        self._lock = tempfile.NamedTemporaryFile(prefix="xtbpf-faults-lock-")
        self.environment = os.environ | {"XTABLES_LOCKFILE": self._lock.name, "LC_ALL": "C"}
        self.host.ip(["link set lo up", f"link add eth0 type veth peer name eth0 netns {self.peer.path}",
                      f"address add {HOST}/24 dev eth0", "link set eth0 up"])
        self.peer.ip(["link set lo up", f"address add {PEER}/24 dev eth0", "link set eth0 up"])
        self._neighbours()

    def _neighbours(self):
        """No neighbour discovery in between."""
        for here, there, address in ((self.host, self.peer, PEER), (self.peer, self.host, HOST)):
            with there.entered():
                shown = subprocess.run(["ip", "-j", "link", "show", "eth0"], capture_output=True, text=True, check=True).stdout
            here.ip([f"neigh replace {address} lladdr {json.loads(shown)[0]['address']} dev eth0"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.close()
        self.peer.close()
        self._lock.close()

    @staticmethod
    def path(program):
        """Of one of our programs, or any other."""
        path = os.path.join(PROGRAMS, program)
        return path if os.path.exists(path) else program

    def start(self, *command, environment=None, **streams):
        """Starts one of our programs, or any other, in the host's namespace."""
        command = (self.path(command[0]), *command[1:])
        with self.host.entered():
            return subprocess.Popen(command, env=self.environment | (environment or {}), text=True, **streams)

    def run(self, *command, text="", **more):
        """(exit code, output and errors)"""
        process = self.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        output, _ = process.communicate(text, timeout=60)
        return process.returncode, output

    def restore(self, text):
        code, output = self.run("iptables-restore", "-w", text=text)
        if code != 0 or output:
            raise RuntimeError(f"iptables-restore: exit {code}: {output}")

    def save(self, *options):
        return self.run("iptables-save", *options)[1]

    def counter(self, part):
        """(packets, bytes) of the rule whose saved text has this part."""
        line, = (line for line in self.save("-c").splitlines() if part in line)
        return tuple(int(number) for number in line[1:line.index("]")].split(":"))

    def generation(self):
        """Of nf_tables: every transaction raises it."""
        with self.host.entered(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
            netlink.send(struct.pack("=IHHII4x", 20, _GET_GENERATION, 1, 1, 0))
            return struct.unpack_from("!I", netlink.recv(4096), 24)[0]

    def receiver(self, port):
        with self.host.entered():
            found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE: nothing may be lost behind the rules
        found.bind((HOST, port))
        return found

    def sender(self, port):
        """A function that sends a datagram there."""
        with self.peer.entered():
            found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return lambda data: found.sendto(data, (HOST, port))  # not connected: a REJECT's answer is no error of the next send


def bpftool(*command):
    """What it tells, parsed."""
    done = subprocess.run(["bpftool", "-j", *command], capture_output=True, text=True, check=False)
    return json.loads(done.stdout or "[]")


def kernel_objects(marker):
    """(stores, programs) in the whole kernel that belong to rules with this marker in a comment."""
    stores = set()
    for found in bpftool("map", "show"):
        if found.get("name") == "xt_store":
            dump = subprocess.run(["bpftool", "-j", "map", "dump", "id", str(found["id"])], capture_output=True, text=True, check=False).stdout
            if "".join(f'"0x{ord(letter):02x}",' for letter in marker)[:-1] in dump:
                stores.add(found["id"])
    programs = [found for found in bpftool("prog", "show") if "map_ids" in found]
    pages = {page for found in programs if stores & set(found["map_ids"]) for page in found["map_ids"]}
    return stores, {found["id"] for found in programs if pages & set(found["map_ids"])}


def soon(condition, seconds=10):
    """The kernel frees programs and maps some time after their last user is gone."""
    end = time.monotonic() + seconds
    while not (good := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return good

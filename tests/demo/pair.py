# SPDX-License-Identifier: GPL-2.0-or-later
"""Two network namespaces joined by a veth pair: the host under test, 10.77.0.1, and a peer, 10.77.0.2 (and 192.0.2.78)."""

import os
import subprocess

HOST, PEER, BOGUS = "10.77.0.1", "10.77.0.2", "192.0.2.78"


def call(*command, **options):
    return subprocess.run(command, check=True, text=True, **options)


class Pair:
    """A context: made on entry, gone on exit, with all that ran in it."""

    def __init__(self, label):
        self.host = f"xtbpf-{os.getpid()}-{label}-host"
        self.peer = f"xtbpf-{os.getpid()}-{label}-peer"
        self.children = []

    def __enter__(self):
        try:
            for namespace in (self.host, self.peer):
                call("ip", "netns", "add", namespace)
                call("ip", "-n", namespace, "link", "set", "lo", "up")
            # The same MAC addresses in every pair, so that twins see the same frames.
            call("ip", "-n", self.host, "link", "add", "eth0", "address", "02:00:00:00:00:01", "type", "veth",
                 "peer", "name", "eth0", "address", "02:00:00:00:00:02", "netns", self.peer)
            for namespace, addresses in ((self.host, [HOST + "/24"]), (self.peer, [PEER + "/24", BOGUS + "/32"])):
                for address in addresses:
                    call("ip", "-n", namespace, "address", "add", address, "dev", "eth0")
                call("ip", "-n", namespace, "link", "set", "eth0", "up")
            call("ip", "-n", self.host, "route", "add", BOGUS + "/32", "dev", "eth0")
            # No neighbour discovery in between: what is counted is what the demo sends.
            call("ip", "-n", self.host, "neigh", "replace", PEER, "lladdr", "02:00:00:00:00:02", "dev", "eth0")
            call("ip", "-n", self.peer, "neigh", "replace", HOST, "lladdr", "02:00:00:00:00:01", "dev", "eth0")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
        for namespace in (self.host, self.peer):
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL, check=False)

    def inside(self, namespace, *command, **options):
        """Runs a command to its end in one of the two namespaces; its output is returned."""
        return call("ip", "netns", "exec", namespace, *command, stdout=subprocess.PIPE, **options).stdout

    def start(self, namespace, *command, **options):
        """Starts a command that lasts; it ends with the pair. `ip netns exec` becomes the command, so a kill reaches it."""
        child = subprocess.Popen(["ip", "netns", "exec", namespace, *command], text=True, **options)
        self.children.append(child)
        return child

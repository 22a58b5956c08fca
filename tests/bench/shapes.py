# SPDX-License-Identifier: GPL-2.0-or-later
"""Rulesets of the shapes that long ones have, of any size, for the benchmark. None of the rules but the last matches its packet,
a datagram from PEER to port 9 of HOST; that one drops it (in `nat`: gives it another port)."""

import random

from pair import HOST

FILTER = ("INPUT", "FORWARD", "OUTPUT")
NAT = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")


class Addresses:
    """Random addresses of a family, none of them of the benchmark's hosts."""

    def __init__(self, family):
        self.v6, self.random = family == 6, random.Random(1)

    def prefix(self, bits, number=None):
        """A network; `bits` as of IPv4, of IPv6 so many behind the first 32. With `number`: a different host for each."""
        value = self.random.getrandbits(24) | self.random.randrange(11, 220) << 24 if number is None else 0x0B000000 + number
        value &= 0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF
        if self.v6:
            return f"2001:db8:{value >> 16:x}:{value & 0xFFFF:x}::{'1' if bits == 32 else ''}/{128 if bits == 32 else 32 + bits}"
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}/{bits}"


def table(name, chains, lines):
    return "\n".join([f"*{name}", *(f":{chain} ACCEPT [0:0]" for chain in chains), *lines, "COMMIT", ""])


def source_port(count, family):
    """A source and a port per rule."""
    hosts = Addresses(family)
    return [f"-A INPUT -s {hosts.prefix(32, i)} -p udp -m udp --dport {1000 + i % 60000} -j DROP" for i in range(count)]


def hosts(count, family):
    """A blocklist of hosts."""
    one = Addresses(family)
    return [f"-A INPUT -s {one.prefix(32)} -j DROP" for _ in range(count)]


def networks(count, family):
    """A blocklist of nested networks."""
    one = Addresses(family)
    return [f"-A INPUT -s {one.prefix(one.random.choice((12, 16, 20, 22, 23, 24, 24, 24, 26, 28, 29, 32)))} -j DROP" for _ in range(count)]


def general(count, family, wild_sources, ranges):
    """Rules on source, destination, protocol and ports, as ClassBench draws them: how often a part is missing or a range."""
    one = Addresses(family)
    draw = one.random.random

    def port(option):
        low = one.random.randrange(10, 60000)
        if draw() < ranges:
            return f" --{option} {low}:{low + one.random.randrange(1, 5000)}"
        return f" --{option} {low}"

    def rule():
        protocol = one.random.choice(("tcp", "tcp", "udp"))
        source = "" if draw() < wild_sources else f" -s {one.prefix(one.random.choice((16, 24, 27, 28, 32, 32)))}"
        ports = (port("sport") if draw() < 0.1 else "") + (port("dport") if draw() < 0.8 else "")
        return (f"-A INPUT{source} -d {one.prefix(one.random.choice((21, 24, 26, 29, 32, 32)))} -p {protocol}"
                + (f" -m {protocol}{ports}" if ports else "") + f" -j {one.random.choice(('DROP', 'ACCEPT'))}")
    return [rule() for _ in range(count)]


def access_list(count, family):
    """General rules, mostly exact: ClassBench's acl."""
    return general(count, family, 0.05, 0.1)


def firewall(count, family):
    """General rules with many wildcards and port ranges: ClassBench's fw."""
    return general(count, family, 0.4, 0.4)


def chains(count, family):
    """Both mixed: ClassBench's ipc."""
    return general(count, family, 0.15, 0.2)


def dispatch(count, family):
    """A service's address and port lead to a chain of its own with three rules, as kube-proxy has them."""
    one = Addresses(family)
    names = [f"SVC-{i}" for i in range(count // 4)]
    return ([f"-N {name}" for name in names]
            + [f"-A INPUT -d {one.prefix(32, i)} -p udp -m udp --dport {1000 + i % 60000} -j {name}" for i, name in enumerate(names)]
            + [f"-A {name} -s {one.prefix(32)} -j {verdict}" for name in names for verdict in ("DROP", "RETURN", "ACCEPT")])


def pairs(count, family):
    """Source and MAC return, the source with another MAC is dropped."""
    one = Addresses(family)
    lines = []
    for i in range(count // 2):
        mac = f"02:{i >> 24 & 255:02x}:{i >> 16 & 255:02x}:{i >> 8 & 255:02x}:{i & 255:02x}:01"
        source = one.prefix(32, i)
        lines += [f"-A INPUT -s {source} -m mac --mac-source {mac} -j RETURN", f"-A INPUT -s {source} -j DROP"]
    return lines


def nat(count):
    """Services with a destination each; the packet is the first of its connection, as INPUT drops it."""
    lines = [f"-A PREROUTING -d 198.{18 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}/32 -p udp -m udp --dport 53 -j DNAT "
             f"--to-destination 198.51.{i // 250 % 250}.{i % 250 + 1}:5353" for i in range(count - 1)]
    lines += [f"-A PREROUTING -d {HOST}/32 -p udp -m udp --dport 9 -j DNAT --to-destination {HOST}:10"] if count else []
    return table("nat", NAT, lines) + table("filter", FILTER, ["-A INPUT -p udp -j DROP"])


FILTERS = {"source-port": source_port, "hosts": hosts, "networks": networks, "acl": access_list, "fw": firewall, "ipc": chains,
           "dispatch": dispatch, "pairs": pairs}
SHAPES = (*FILTERS, "nat")


def ruleset(shape, count, family=4):
    if shape == "nat":
        return nat(count)
    lines = FILTERS[shape](max(count - 1, 0), family)
    made = [f":{line.removeprefix('-N ')} - [0:0]" for line in lines if line.startswith("-N ")]
    rules = [line for line in lines if not line.startswith("-N ")]
    return "\n".join(["*filter", *(f":{chain} ACCEPT [0:0]" for chain in FILTER), *made, *rules,
                      *(["-A INPUT -p udp -m udp --dport 9 -j DROP"] if count else []), "COMMIT", ""])

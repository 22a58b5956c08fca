# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs: python-iptables, miniupnpd, and one with libip4tc alone."""

import os
import re
import socket
import struct
import subprocess
import tempfile
import time

from clientele import packages
from faulty.world import HOST, PEER, World

from . import PRELOADED, clean, places

PYTHON = """
import iptc
table = iptc.Table(iptc.Table.FILTER)
chain = iptc.Chain(table, "INPUT")
rule = iptc.Rule()
rule.protocol, rule.src = "tcp", "10.0.0.0/8"
rule.create_match("tcp").dport = "443"
rule.create_match("comment").comment = "from python"
rule.create_match("conntrack").ctstate = "NEW,ESTABLISHED"
rule.target = iptc.Target(rule, "ACCEPT")
chain.insert_rule(rule)
own = table.create_chain("own")
rule = iptc.Rule()
rule.in_interface = "eth+"
rule.target = iptc.Target(rule, "REJECT")
rule.target.reject_with = "icmp-host-prohibited"
own.append_rule(rule)
rule = iptc.Rule()
rule.target = iptc.Target(rule, "own")
chain.append_rule(rule)
chain.set_policy("DROP")
chain = iptc.Chain(iptc.Table(iptc.Table.NAT), "PREROUTING")
rule = iptc.Rule()
rule.protocol = "tcp"
rule.create_match("tcp").dport = "80"
rule.target = iptc.Target(rule, "DNAT")
rule.target.to_destination = "10.1.1.1:8080"
chain.append_rule(rule)
chain = iptc.Chain(iptc.Table6(iptc.Table6.FILTER), "FORWARD")
rule = iptc.Rule6()
rule.src, rule.protocol = "2001:db8::/32", "icmpv6"
rule.create_match("icmp6").icmpv6_type = "echo-request"
rule.target = iptc.Target(rule, "DROP")
chain.append_rule(rule)
iptc.Table(iptc.Table.FILTER).refresh()
chain = iptc.Chain(iptc.Table(iptc.Table.FILTER), "INPUT")
for rule in chain.rules:
    print(rule.protocol, rule.src, [(match.name, match.get_all_parameters()) for match in rule.matches], rule.target.name, rule.get_counters())
chain.delete_rule(chain.rules[1])
"""


def python(report):
    """python-iptables, which uses libip4tc and libxtables: the same in the kernel and here."""
    root = os.path.join(packages.UNPACKED, "root")
    environment = {"PYTHONPATH": os.path.join(root, "usr/lib/python3/dist-packages")}
    kernel, ours = places("python")
    with kernel, ours:
        found = {}
        for world, preloaded in ((kernel, {}), (ours, PRELOADED)):
            output = world.run("/usr/bin/python3", "-", text=PYTHON, environment=environment | preloaded)
            saves = [clean(world.run(program, environment=preloaded)[1]) for program in ("iptables-legacy-save", "ip6tables-legacy-save")]
            found[world] = output, saves
        report.check(found[kernel][0][0] == 0 and "DNAT" in str(found[kernel]), f"python-iptables in the kernel: {found[kernel]}")
        report.equal(found[ours], found[kernel], "python-iptables")


BARE = """
import ctypes, struct
library = ctypes.CDLL("libip4tc.so.2", use_errno=True)
for function in ("iptc_init", "iptc_first_rule", "iptc_next_rule"):
    getattr(library, function).restype = ctypes.c_void_p

def part(name, revision, data):
    return struct.pack("<H29sB", 32 + len(data), name, revision) + data

def rule(port, match, target):
    matches = part(b"tcp", 0, struct.pack("<4H4B4x", 0, 65535, port, port, 0, 0, 0, 0)) + match
    head = bytes(80) + struct.pack("<HBBIHHI16x", 6, 0, 0, 0, 112 + len(matches), 112 + len(matches) + len(target), 0)
    return head + matches + target

def shown(handle, chain):
    at = library.iptc_first_rule(chain, handle)
    while at:
        matches, size = struct.unpack("<HH", ctypes.string_at(at + 88, 4))
        print(chain, ctypes.string_at(at, 84).hex())
        here = 112
        while here < size:
            length, name, revision = struct.unpack("<H29sB", ctypes.string_at(at + here, 32))
            print("   ", name.split(bytes(1))[0], revision, ctypes.string_at(at + here + 32, length - 32).hex())
            here += length
        at = library.iptc_next_rule(ctypes.c_void_p(at), handle)

def change(table, function, *arguments):
    handle = ctypes.c_void_p(library.iptc_init(table))
    done = getattr(library, function)(*arguments, handle) and library.iptc_commit(handle)
    print(function, done, ctypes.get_errno() if not done else "")
    handle = ctypes.c_void_p(library.iptc_init(table))
    shown(handle, arguments[0])

translated = struct.pack("<II4s4s2H", 1, 3, bytes((10, 0, 0, 5)), bytes((10, 0, 0, 5)), 0x901f, 0x901f) + bytes(4)
state = part(b"state", 0, struct.pack("<I4x", 8))
accept = part(b"ACCEPT", 0, bytes(8))
# As strongSwan's plugin connmark has it: compared byte by byte when it is deleted.
marked = part(b"CONNMARK", 1, struct.pack("<IIIB3x", 7, 0xffffffff, 0xffffffff, 0))
encrypted = part(b"policy", 0, bytes(64) + struct.pack("<IIBBBB", 1234, 0, 0, 0, 16, 0) + bytes(76 * 3) + struct.pack("<HH4x", 1, 1))
marking = rule(500, encrypted, marked)
change(b"mangle", "iptc_insert_entry", b"INPUT", marking, 0)
change(b"mangle", "iptc_insert_entry", b"INPUT", rule(500, part(b"mark", 1, struct.pack("<IIB3x", 0, 0xffffffff, 0) + bytes(4)), marked), 0)
change(b"mangle", "iptc_delete_entry", b"INPUT", marking, bytes([255]) * len(marking))
for port in (80, 443):
    change(b"nat", "iptc_append_entry", b"PREROUTING", rule(port, b"", part(b"DNAT", 0, translated)))
change(b"filter", "iptc_append_entry", b"FORWARD", rule(80, state, accept))
change(b"filter", "iptc_append_entry", b"FORWARD", rule(80, part(b"nothing", 0, bytes(8)), accept))
change(b"nat", "iptc_delete_num_entry", b"PREROUTING", 0)
"""


def bare(report):
    """A program with libip4tc alone, which has old structures built in, as miniupnpd has: it reads what it wrote."""
    kernel, ours = places("bare")
    with kernel, ours:
        wanted, found = (world.run("/usr/bin/python3", "-", text=BARE, environment=environment)
                         for world, environment in ((kernel, {}), (ours, PRELOADED)))
        found = found[0], "".join(line for line in found[1].splitlines(True) if not line.startswith("iptables-bpf: "))
        report.check(wanted[0] == 0 and wanted[1].count("b'DNAT' 0") == 4 and "b'state' 0" in wanted[1], f"libip4tc in the kernel: {wanted}")
        report.equal(found, wanted, "libip4tc")
        report.check("--dport 443 -j DNAT --to-destination 10.0.0.5:8080" in ours.save(), ours.save())
        report.check("-m state --state NEW -j ACCEPT" in ours.save(), ours.save())


UPNP = """ext_ifname=wan0
ext_ip=8.9.10.11
listening_ip=eth0
enable_natpmp=yes
uuid=00000000-0000-0000-0000-000000000001
upnp_forward_chain=MINIUPNPD
upnp_nat_chain=MINIUPNPD
upnp_nat_postrouting_chain=MINIUPNPD-POSTROUTING
allow 1024-65535 0.0.0.0/0 1024-65535
"""
UPNP_CHAINS = """*nat
:MINIUPNPD -
:MINIUPNPD-POSTROUTING -
-A PREROUTING -i wan0 -j MINIUPNPD
-A POSTROUTING -o wan0 -j MINIUPNPD-POSTROUTING
COMMIT
*filter
:MINIUPNPD -
-A FORWARD -i wan0 ! -o wan0 -j MINIUPNPD
COMMIT
"""
MAPPINGS = ((2, 8080, 8081, 3600), (1, 9000, 9001, 3600), (2, 8082, 8083, 60), (2, 8080, 0, 0))  # opcode, port inside, outside, lifetime


def mapped(asker, *request):
    """What is answered to a request of NAT-PMP (RFC 6886), without the daemon's age."""
    for _ in range(100):  # until it is there
        try:
            asker.send(struct.pack("!BBHHHI", 0, request[0], 0, *request[1:]))
            answer = struct.unpack("!BBHIHHI", asker.recv(100))
            return answer[:3] + answer[4:]
        except ConnectionRefusedError:
            time.sleep(0.05)
    return None


def miniupnpd(report):
    """A peer asks for ports, and gives one back: the same answers and rules in the kernel and here."""
    found = {}
    for iptables, preloaded in (("iptables-legacy", {}), ("iptables", PRELOADED)):
        with World(iptables) as world, tempfile.TemporaryDirectory() as directory:
            world.host.ip([f"link add wan0 type veth peer name wan0 netns {world.peer.path}", "address add 8.9.10.11/24 dev wan0", "link set wan0 up"])
            world.run(iptables + "-restore", text=UPNP_CHAINS)
            with open(directory + "/conf", "w", encoding="ascii") as file:
                file.write(UPNP)
            with world.peer.entered():
                asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asker.settimeout(20)
            asker.connect((HOST, 5351))
            daemon = world.start(os.path.join(packages.UNPACKED, "root/usr/sbin/miniupnpd"), "-d", "-f", directory + "/conf", "-P", directory + "/pid",
                                 environment=preloaded, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                answers = [mapped(asker, *request) for request in MAPPINGS]
            finally:
                daemon.terminate()
                daemon.wait(20)
            rules = clean(world.run(iptables + "-save")[1])
            # 1.8.9 has no words for the old structure of DNAT
            found[iptables] = answers, sorted(re.sub("-j DNAT .*", "-j DNAT", line) for line in rules if line.startswith("-A MINI"))
            report.check(preloaded == {} or f"-A MINIUPNPD -p udp -m udp --dport 9001 -j DNAT --to-destination {PEER}:9000" in rules, f"{rules}")
    report.check(len(found["iptables-legacy"][1]) == 6, f"miniupnpd in the kernel: {found['iptables-legacy']}")
    report.equal(found["iptables"], found["iptables-legacy"], "miniupnpd")

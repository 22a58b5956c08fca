# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that the kernel takes in tables of iptables' own names only: what later rules of the same chain see of their work, and
what is left of it when such a rule drops the packet. TCPOPTSTRIP, SET --map-set, SNPT, DNPT, CT, CHECKSUM, DNAT with a base; rpfilter."""

import subprocess

from twin.case import Case, table
from twin.frames import icmp6, tcp, udp
from twin.ipset import ipset
from twin.places import DST, FAMILIES, SRC, SRC2, packet
from twin.steps import Command, Datagram, Script, frame

_OPTIONS = [b"", b"\2\4\5\xb4", b"\1\1\2\4\5\xb4\4\2\3\3\7\0", b"\2\4\5\xb4\2\4\1\0", b"\2\4", b"\3\3\7\2\4\5\xb4\1"]


def _strip(family):
    rules = ["-A FORWARD -p tcp --tcp-option 2", "-A FORWARD -p tcp --dport 1:3 -j TCPOPTSTRIP --strip-options mss",
             "-A FORWARD -p tcp --tcp-option 2", "-A FORWARD -p tcp ! --tcp-option 2 -j none", "-A FORWARD -p tcp --dport 2 -j MARK --set-mark 2",
             "-A FORWARD -p tcp --dport 2 -j TCPOPTSTRIP --strip-options wscale,sack-permitted", "-A FORWARD -p tcp --tcp-option 3",
             "-A FORWARD -p tcp --tcp-option 4", "-A FORWARD -m mark --mark 2", "-A none -p tcp --tcp-option 3 -j RETURN", "-A none -p tcp --dport 3 -j DROP"]
    bare = ["-A FORWARD -p tcp -j TCPOPTSTRIP --strip-options mss", "-A FORWARD"]  # drops what is cut short
    steps = [frame(packet(family, SRC[family], DST[family], tcp(9, port, flags, options=options, data=data)))
             for port in range(1, 5) for options in _OPTIONS for flags, data in (("S", b""), ("A", b"data"))]
    cut = [frame(packet(family, SRC[family], DST[family], tcp(9, 2, "S", doff=words))) for words in (0, 4, 5, 6, 15)]
    cut += [frame(packet(family, SRC[family], DST[family], tcp(9, 2, "S"), cut=size)) for size in (0, 4, 12, 19)]
    yield Case(f"same-chain{family}-tcpoptstrip", {family: table("mangle", *rules, chains=["none"])}, steps)
    yield Case(f"same-chain{family}-tcpoptstrip-cut", {family: table("mangle", *bare)}, cut)


def _members(side):
    with side.router.entered():
        return sorted(line for line in subprocess.run(["ipset", "save"], text=True, capture_output=True, check=False).stdout.splitlines()
                      if line.startswith("add"))


def _map(family):
    kind = "inet" if family == 4 else "inet6"
    make = [f"create marks hash:ip family {kind} skbinfo", f"create who hash:ip family {kind}", f"add marks {SRC[family]} skbmark 0x5/0xff"]
    rules = ["-t mangle -A FORWARD -j SET --map-set marks src --map-mark --add-set who src", "-t mangle -A FORWARD -m mark --mark 5",
             "-t mangle -A FORWARD -m mark --mark 5 -p udp --dport 2 -j DROP", "-t mangle -A FORWARD -m set --match-set who src",
             "-t mangle -A FORWARD -p udp --dport 3 -j DROP", "-A FORWARD -m mark --mark 5"]
    steps = [frame(packet(family, source[family], DST[family], udp(9, port))) for source in (SRC, SRC2) for port in (1, 2, 3)]
    yield Case(f"same-chain{family}-map-set", {family: table("mangle") + table("filter")},
               [ipset(*make), *(Command(family, rule) for rule in rules), *steps, Script("members", _members), 
                *(Command(family, f"-t mangle -v -S FORWARD {number}") for number in range(1, 6)), Command(family, "-v -S FORWARD 1"), Command(family, "-t mangle -F"), Command(family, "-F"), ipset("destroy marks", "destroy who")],
               edited=True)


def _prefixes():
    """SNPT and DNPT, there and back; a prefix that can't be mapped is dropped."""
    inside, outside = "fd00:10::/48", "fd00:77::/48"
    rules = [f"-A POSTROUTING -s {inside} -o eth1 -j SNPT --src-pfx {inside} --dst-pfx {outside}", f"-A POSTROUTING -s {outside}", f"-A POSTROUTING -s {inside}",
             f"-A PREROUTING -d {outside} -i eth1 -j DNPT --src-pfx {outside} --dst-pfx {inside}", f"-A PREROUTING -d {inside}", f"-A PREROUTING -d {outside}",
             "-A PREROUTING -d fd00:78::/56 -j DNPT --src-pfx fd00:78::/56 --dst-pfx fd00:20::/56", "-A PREROUTING -s fd00:99::/112 -j DROP", "-A FORWARD"]
    there = [frame(packet(6, host, DST[6], l4)) for host in ("fd00:10::5", "fd00:10::ffff:1", "fd00:10:0:1::5", "fd00:10:0:ffff::5", "fd00:10:1::5")
             for l4 in (udp(1, 2), tcp(1, 2), icmp6(128))]
    back = [frame(packet(6, DST[6], host, l4), "B") for host in ("fd00:77::5", "fd00:77:0:1::5", "fd00:77:0:fffe::5", "fd00:77:0:ffff::9", "fd00:77:1::5")
            for l4 in (udp(2, 1), tcp(2, 1, "SA"), icmp6(129))]
    more = [frame(packet(6, SRC[6], f"fd00:78:0:{word}::5", udp(1, 2))) for word in ("0", "1", "ff", "100", "ffff")]
    yield Case("same-chain6-npt", {6: table("mangle", *rules)}, [*there, *back, *more])
    own = ["-A OUTPUT -d fd00:77::/48 -j DNPT --src-pfx fd00:77::/48 --dst-pfx fd00:20::/48", "-A OUTPUT -d fd00:20::/48", "-A OUTPUT -o eth0", "-A OUTPUT -o eth1"]
    yield Case("same-chain6-npt-own", {6: table("mangle", *own)}, [Datagram(6, "fd00:77::5", 9), Datagram(6, "fd00:77:0:5::5", 9)])


def _checksum(family):
    rules = ["-A POSTROUTING -p udp --dport 2 -j CHECKSUM --checksum-fill", "-A POSTROUTING -p udp --dport 2 -m u32 ! --u32 26&0xffff=0",
             "-A POSTROUTING -p udp"]
    yield Case(f"same-chain{family}-checksum", {family: table("mangle", *rules)},
               [frame(packet(family, SRC[family], DST[family], udp(1, port, b"data"))) for port in (1, 2)] + [Datagram(family, DST[family], 2)])


def _zones(family):
    """CT with events instead of the nf_tables expression; the template is what later rules of raw see."""
    raw = ["-A PREROUTING -p udp --dport 2 -j CT --ctevents new --zone 3", "-A PREROUTING -m conntrack --ctstate NEW", "-A PREROUTING -m conntrack --ctstate INVALID",
           "-A PREROUTING -p udp --dport 3 -j CT --notrack", "-A PREROUTING -m conntrack --ctstate UNTRACKED -j DROP", "-A OUTPUT -j CT --ctevents destroy",
           "-A OUTPUT -m conntrack --ctstate NEW"]
    yield Case(f"same-chain{family}-ct", {family: table("raw", *raw)},
               [frame(packet(family, SRC[family], DST[family], udp(9, port))) for port in (1, 2, 3, 2)] + [Datagram(family, DST[family], 2)])


def _base():
    rules = ["-A PREROUTING -p udp --dport 5000:5009 -j DNAT --to-destination 10.20.0.77:80-89/5000", "-A PREROUTING -p udp"]
    yield Case("same-chain4-dnat-base", {4: table("nat", *rules, "-A POSTROUTING -p udp --dport 83", "-A OUTPUT -p udp --dport 5004 -j DNAT --to-destination :80-89/5000")},
               [frame(packet(4, SRC[4], DST[4], udp(1000 + port, port))) for port in (4999, 5000, 5003, 5009, 5010)] + [Datagram(4, DST[4], 5004)])


def _reverse_path(family):
    sources = {4: (SRC[4], DST[4], "10.9.9.9", "10.1.0.1", "10.1.0.255", "255.255.255.255", "0.0.0.0", "127.0.0.1", "10.50.0.1", "10.51.0.1", "224.0.0.1", "10.30.0.1"),
               6: (SRC[6], DST[6], "fd00:9::9", "fd00:1::1", "::", "::1", "fe80::5", "fd00:50::1", "fd00:51::1", "ff02::1", "fd00:30::1")}[family]
    options = ("", "--loose", "--validmark", "--accept-local", "--invert", "--loose --accept-local", "--accept-local --invert")
    rules = [f"-A PREROUTING -m rpfilter {option}".rstrip() for option in options]
    steps = [frame(packet(family, source, DST[family], udp(1, 2)), end) for source in sources for end in "AB"]
    for name in ("raw", "mangle"):
        yield Case(f"rpfilter{family}-{name}", {family: table(name, "-A PREROUTING -p udp --dport 9 -j MARK --set-mark 1", *rules)}, [*steps, Datagram(family, DST[family], 9)])


def cases():
    for family in FAMILIES:
        for make in (_strip, _map, _checksum, _zones, _reverse_path):
            yield from make(family)
    yield from _prefixes()
    yield from _base()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches whose state is the kernel's or a rule's own: counts, lists, sets, connections, devices, sockets, the clock."""

import subprocess

from twin.case import Case, filter_table, table
from twin.frames import icmp, icmp6, tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, RawPacket, Script, frame


def _ip(*lines):
    return Script("ip " + "; ".join(lines), lambda side: side.router.ip(list(lines)))


def _sets(family):
    inet = "inet" if family == 4 else "inet6"
    lines = [f"create hosts{family} hash:ip family {inet} counters -exist", f"create services{family} hash:ip,port family {inet} -exist",
             f"flush hosts{family}", f"flush services{family}", f"add hosts{family} {SRC[family]}",
             f"add services{family} {DST[family]},udp:2"]

    def body(side):
        with side.router.entered():
            subprocess.run(["ipset", "restore"], input="\n".join(lines) + "\n", text=True, check=True)
    return body


def _forward(family, *ports, count=1):
    return [frame(packet(family, SRC[family], DST[family], udp(1, port))) for _ in range(count) for port in ports]


def _both(chain, match):
    return [f"-A {chain} {match}", f"-A {chain} {match.replace(' --', ' ! --', 1)}"]


def cases():
    for family in FAMILIES:
        back = [frame(packet(family, DST[family], SRC[family], udp(2, 1)), "B")]
        inward = [frame(packet(family, SRC[family], ROUTER[family], udp(1, 7000)))]
        yield Case(f"statistic{family}", {family: filter_table(
            "-A FORWARD -m statistic --mode nth --every 3 --packet 0", "-A FORWARD -m statistic --mode nth --every 3 --packet 2",
            "-A FORWARD -m statistic --mode nth ! --every 4 --packet 1", "-A FORWARD -m statistic --mode nth --every 1 --packet 0",
            "-A FORWARD -m statistic --mode nth --every 4294967295 --packet 1",
            "-A FORWARD -m statistic --mode random --probability 1", "-A FORWARD -m statistic --mode random --probability 0",
            "-A FORWARD -m statistic --mode random ! --probability 0", "-A FORWARD -m statistic --mode random ! --probability 1",
            "-A FORWARD -p udp --dport 2 -m statistic --mode nth --every 2 --packet 1 -j DROP",
            "-A FORWARD -m statistic --mode nth --every 2 --packet 0 -j nth", "-A INPUT -j nth",
            "-A nth -m statistic --mode nth --every 3 --packet 1 -j DROP", chains=["nth"])},
                   [*_forward(family, 2, 3, count=7), *inward * 5])
        sizes = [udp(1, 2, b"x" * size) for size in (0, 100, 500, 20, 0, 1, 300, 0)]
        yield Case(f"quota{family}", {family: filter_table(
            *(f"-A FORWARD -m quota {no}--quota {bytes}" for bytes in (0, 27, 28, 48, 60, 700, 18446744073709551615) for no in ("", "! ")),
            "-A FORWARD -m quota --quota 1000 -j ACCEPT", "-A FORWARD -j DROP")},
                   [frame(packet(family, SRC[family], DST[family], l4)) for l4 in sizes + sizes])
        groups = ["--src-group 5", "--src-group 0", "--src-group 0x15/0xf", "--src-group 0x10/0xf0"]
        # A change of groups makes IPv6 report its own groups again.
        grouped = [_ip("link set eth0 group 5", "link set eth1 group 21")] if family == 4 else []
        ungrouped = [_ip("link set eth0 group 0", "link set eth1 group 0")] if family == 4 else []
        yield Case(f"devgroup{family}", {family: filter_table(
            *(rule for group in groups for rule in _both("FORWARD", f"-m devgroup {group}")),
            *(rule for group in groups for rule in _both("INPUT", f"-m devgroup {group}")),
            *(rule for group in groups for rule in _both("FORWARD", f"-m devgroup {group.replace('src', 'dst')}")),
            *(rule for group in groups for rule in _both("OUTPUT", f"-m devgroup {group.replace('src', 'dst')}")),
            "-A FORWARD -m devgroup --src-group 5 --dst-group 21 -j DROP", "-A OUTPUT -m devgroup --dst-group 21 -j DROP")},
                   [*grouped, *_forward(family, 1), *back, *inward, Datagram(family, SRC[family], 9), Datagram(family, DST[family], 9),
                    *ungrouped, *_forward(family, 1), Datagram(family, DST[family], 9)])
        yield Case(f"cpu{family}", {family: filter_table("-A FORWARD -m cpu --cpu 4095", "-A FORWARD -m cpu ! --cpu 4095",
                                                         "-A FORWARD -m cpu ! --cpu 4095 -j DROP")}, _forward(family, 1, 2))
        classes = ["-m cgroup --cgroup 0", "-m cgroup --cgroup 7", "-m cgroup ! --cgroup 0", "-m cgroup ! --cgroup 7"]
        yield Case(f"cgroup{family}", {family: filter_table(
            *(f"-A {chain} {match}" for chain in ("OUTPUT", "INPUT") for match in classes),
            "-A OUTPUT -p udp --dport 9 -m cgroup ! --cgroup 7 -j DROP")},
                   [Datagram(family, DST[family], 8), Datagram(family, DST[family], 9), *_forward(family, 1), *inward,
                    RawPacket(packet(family, ROUTER[family], DST[family], udp(1, 7000)))])
        always, never = "--datestart 2001 --datestop 2037", "--datestart 2001 --datestop 2002"
        yield Case(f"time{family}", {family: filter_table(
            *(f"-A FORWARD -m time {text}" for text in (
                always, never, "--timestart 00:00 --timestop 23:59:59", "--weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun",
                "--monthdays 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
                "25,26,27,28,29,30,31", "--kerneltz " + always)),
            f"-A FORWARD -m time {never} -j DROP", f"-A FORWARD -p udp --dport 2 -m time {always} -j DROP")}, _forward(family, 1, 2))
        talk = [*_forward(family, 2, count=3), *back * 2, *_forward(family, 3, count=2), *inward]
        yield Case(f"connections{family}", {family: filter_table(
            *(rule for text in ("--connbytes 2 --connbytes-dir original --connbytes-mode packets",
                                "--connbytes 1:3 --connbytes-dir both --connbytes-mode packets",
                                "--connbytes 100 --connbytes-dir reply --connbytes-mode bytes",
                                "--connbytes 20:60 --connbytes-dir both --connbytes-mode avgpkt")
              for rule in _both("FORWARD", f"-m connbytes {text}")),
            "-A FORWARD -m helper --helper ftp", "-A FORWARD -m helper ! --helper ftp", '-A FORWARD -m helper --helper ""',
            "-A FORWARD -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 7",
            "-A FORWARD -m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 7",
            "-A FORWARD -m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 7")}, talk)
        flood = [frame(packet(family, SRC[family], DST[family], udp(port, 2))) for port in range(1, 7)]
        yield Case(f"connlimit{family}", {family: filter_table(
            "-A FORWARD -m connlimit --connlimit-above 2", "-A FORWARD -m connlimit --connlimit-upto 2",
            "-A FORWARD -m connlimit --connlimit-above 3 --connlimit-daddr", "-A FORWARD -m connlimit --connlimit-above 0 --connlimit-mask 0",
            "-A FORWARD -m connlimit --connlimit-above 4 -j DROP")}, [*flood, *flood, *back])
        yield Case(f"recent{family}", {family: filter_table(
            f"-A FORWARD -m recent --rcheck --name a{family}", f"-A FORWARD -m recent ! --rcheck --name a{family}",
            f"-A FORWARD -p udp --dport 2 -m recent --set --name a{family}",
            f"-A FORWARD -m recent --update --seconds 600 --hitcount 3 --name a{family}",
            f"-A FORWARD -m recent --rcheck --rttl --rdest --name a{family}",
            f"-A FORWARD -p udp --dport 3 -m recent --remove --name a{family}",
            f"-A FORWARD -p udp --dport 4 -m recent --update --hitcount 2 --name a{family} -j DROP")},
                   _forward(family, 1, 2, 1, 2, 2, 4, 3, 4, 2, 4))
        yield Case(f"hashlimit{family}", {family: filter_table(
            f"-A FORWARD -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name s{family}",
            f"-A FORWARD -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 2 --hashlimit-mode dstport --hashlimit-name p{family}",
            f"-A FORWARD -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 4 --hashlimit-mode srcip --hashlimit-name s{family}"
            " -j ACCEPT", "-A FORWARD -j DROP")}, _forward(family, 2, 3, count=4))
        yield Case(f"set{family}", {family: filter_table()}, [Script("sets", _sets(family))])
        yield Case(f"set{family}-match", {family: filter_table(
            f"-A FORWARD -m set --match-set hosts{family} src", f"-A FORWARD -m set ! --match-set hosts{family} src",
            f"-A FORWARD -m set --match-set hosts{family} dst", f"-A FORWARD -m set --match-set services{family} dst,dst",
            f"-A FORWARD -m set --match-set hosts{family} src --packets-gt 2",
            f"-A FORWARD -m set --match-set hosts{family} src ! --update-counters --packets-eq 3",
            f"-A FORWARD -m set --match-set services{family} dst,dst -j DROP")}, [*_forward(family, 1, 2, count=3), *back])
        yield Case(f"policy{family}", {family: filter_table(
            "-A FORWARD -m policy --dir in --pol none", "-A FORWARD -m policy --dir out --pol none",
            "-A FORWARD -m policy --dir in --pol ipsec", "-A FORWARD -m policy --dir out --pol ipsec --proto esp",
            "-A FORWARD -p udp --dport 2 -m policy --dir in --pol none -j DROP")}, [*_forward(family, 1, 2), *back])
        yield Case(f"socket{family}", {family: filter_table(
            "-A INPUT -m socket", "-A INPUT -m socket --nowildcard", "-A INPUT -m socket --transparent",
            "-A INPUT -m socket --nowildcard -j DROP")},
                   [*inward, frame(packet(family, SRC[family], ROUTER[family], udp(1, 7001))),
                    frame(packet(family, SRC[family], ROUTER[family], (icmp if family == 4 else icmp6)(8 if family == 4 else 128)))],
                   listen=[(family, "udp", 7000)])
        yield Case(f"physdev{family}", {family: filter_table(
            *(rule for text in ("--physdev-in eth0", "--physdev-in eth+", "--physdev-is-in", "--physdev-is-bridged")
              for chain in ("FORWARD", "INPUT") for rule in _both(chain, f"-m physdev {text}")),
            "-A FORWARD -m physdev --physdev-is-bridged --physdev-out eth3", "-A FORWARD -m physdev ! --physdev-is-out --physdev-is-bridged")},
                   [*_forward(family, 1), *back, *inward], ends="ABCD")
    yield Case("realm", {4: filter_table(
        *(rule for realm in ("5", "0x15/0xf", "0") for chain in ("FORWARD", "OUTPUT", "INPUT")
          for rule in _both(chain, f"-m realm --realm {realm}")), "-A FORWARD -m realm --realm 5 -j DROP")},
               [_ip("route change 10.20.0.0/16 via 10.2.0.2 realm 5"), *_forward(4, 1), Datagram(4, DST[4], 8),
                frame(packet(4, DST[4], SRC[4], udp(2, 1)), "B"), frame(packet(4, SRC[4], ROUTER[4], udp(1, 7000))),
                _ip("route change 10.20.0.0/16 via 10.2.0.2"), *_forward(4, 1)])
    yield Case("osf", {4: filter_table("-A INPUT -p tcp -m osf --genre Linux", "-A INPUT -p tcp -m osf ! --genre Linux",
                                       "-A INPUT -p tcp -m osf ! --genre Windows -j DROP")},
               [frame(packet(4, SRC[4], ROUTER[4], tcp(1, 80))), frame(packet(4, SRC[4], ROUTER[4], tcp(1, 80, "A")))])
    yield Case("state-mangle", {4: table("mangle", "-A PREROUTING -m statistic --mode nth --every 2 --packet 0 -j DROP",
                                         "-A POSTROUTING -m quota --quota 100 -j ACCEPT", "-A POSTROUTING -m set ! --match-set hosts4 src",
                                         "-A POSTROUTING -j DROP")}, _forward(4, 1, 2, count=5))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Several effects on one packet's way: they happen in the order written, and later matches see what earlier targets did."""

import os
import subprocess
import sys

from twin.case import Case, filter_table, table
from twin.frames import tcp, udp
from twin.kernel_log import KernelLog
from twin.nflog import Listener
from twin.places import DST, FAMILIES, REJECT, ROUTER, ROUTER_B, SRC, SRC2, packet
from twin.steps import Datagram, Script, frame

_TAG = f"t{os.getpid()} "  # others may log meanwhile


def _traffic(family, ports=range(1, 6)):
    return [frame(packet(family, source[family], target[family], make(1000 + port, port, "S" if make is tcp else b"payload"), ttl=ttl))
            for source in (SRC, SRC2) for target in (DST, ROUTER) for make in (udp, tcp) for port in ports for ttl in (4, 64)]


def _logged(name, family, rules, steps):
    def watched(step):
        def body(side):
            log = KernelLog()  # per step: both sides write to the same log
            try:
                result = step.run(side)
                for end in "AB":
                    side.links[end].settle_inward()
            finally:
                lines = log.close(_TAG)
            return result, lines
        return Script(f"with what LOG wrote: {step}", body)
    return Case(name, {family: rules}, [watched(step) for step in steps])


def _log(text, options=""):
    return f'LOG --log-prefix "{_TAG}{text} " {options}'.rstrip()


def _logs(family):
    port = REJECT[family][2 if family == 4 else 3]
    flags = ("--log-tcp-sequence", "--log-tcp-options", "--log-ip-options", "--log-uid", "--log-macdecode", "--log-level debug",
             "--log-level 0 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode")
    mixed = [f"-A FORWARD -p udp --dport 1 -j {_log('one')}", f"-A FORWARD -p udp -j {_log('two')}", "-A FORWARD -p udp -j MARK --set-mark 7",
             f"-A FORWARD -m mark --mark 7 -j {_log('marked')}", "-A FORWARD -m mark --mark 7 -p udp --dport 1:2 -j MARK --set-mark 8",
             f"-A FORWARD -m mark --mark 8 -j {_log('again')}", f"-A FORWARD -m mark --mark 8 -j REJECT --reject-with {port}",
             f"-A FORWARD -p tcp --dport 3 -j {_log('reset')}", "-A FORWARD -p tcp --dport 3 -j REJECT --reject-with tcp-reset", "-A FORWARD",
             f"-A INPUT -p udp -j {_log('in')}", "-A INPUT -p udp --dport 2 -j DROP", f"-A OUTPUT -j {_log('out', '--log-uid')}"]
    yield _logged(f"order{family}-log-mark-reject", family, filter_table(*mixed),
                  [*_traffic(family), Datagram(family, DST[family], 9, mark=3), Datagram(family, DST[family], 9, uid=1000, gid=1000)])
    flagged = [f"-A FORWARD -j {_log(str(number), text)}" for number, text in enumerate(flags)]
    own = [f"-A OUTPUT -j {_log(str(number), text)}" for number, text in enumerate(flags)]
    options = tcp(9, 80, "S", options=b"\2\4\5\xb4\1\3\3\7", seq=77)
    routed = [frame(packet(4, SRC[4], DST[4], udp(5, 6), options=b"\x94\4\0\0"))] if family == 4 else []
    yield _logged(f"order{family}-log-flags", family, table("mangle", *flagged, *own),
                  [frame(packet(family, SRC[family], DST[family], options, tos=0x20)), *routed, *_traffic(family, [1]),
                   Datagram(family, DST[family], 9, uid=1000, gid=1000)])
    every = "".join(table(name, f"-A {chain} -p udp --dport 1:4 -j {_log(name)}", f"-A {chain} -p udp --dport {port} -j {verdict}")
                    for name, chain, port, verdict in (("raw", "PREROUTING", 2, "DROP"), ("mangle", "FORWARD", 3, "DROP"),
                                                       ("nat", "POSTROUTING", 1, "ACCEPT"), ("filter", "FORWARD", 8, "DROP"),
                                                       ("security", "FORWARD", 4, "DROP")))
    yield _logged(f"order{family}-log-tables", family, every, _traffic(family))


def _heard(family):
    rules = ["-A FORWARD -p udp -j NFLOG --nflog-group 7 --nflog-prefix before", "-A FORWARD -j TOS --set-tos 0x10/0xff",
             "-A FORWARD -p udp -j NFLOG --nflog-group 7 --nflog-prefix tos", "-A FORWARD -p udp --dport 2 -j DROP",
             f"-A FORWARD -j {'TTL --ttl-set' if family == 4 else 'HL --hl-set'} 33", "-A FORWARD -j NFLOG --nflog-group 7 --nflog-prefix last"]

    def listen(side):
        side.state["heard"] = Listener(side.router, 7)
    yield Case(f"order{family}-nflog", {family: table("mangle", *rules)},
               [Script("listen to NFLOG", listen), *_traffic(family), Script("what was logged", lambda side: side.state.pop("heard").close())])


def _mutations(family):
    ttl, up, down = ("ttl --ttl", "TTL --ttl-inc", "TTL --ttl-dec") if family == 4 else ("hl --hl", "HL --hl-inc", "HL --hl-dec")
    hops = ["-A PREROUTING -j twice", f"-A PREROUTING -m {ttl}-eq 63", f"-A PREROUTING -j {down} 3", f"-A PREROUTING -m {ttl}-lt 3 -j DROP",
            f"-A PREROUTING -m {ttl}-eq 60", f"-A PREROUTING -j {up} 9", f"-A PREROUTING -m {ttl}-gt 65 -j DSCP --set-dscp 10",
            "-A PREROUTING -m dscp --dscp 10 -j MARK --or-mark 0x100", "-A PREROUTING -p udp --dport 2 -j DSCP --set-dscp-class EF",
            "-A PREROUTING -m dscp --dscp 46 -j DROP", "-A PREROUTING -j twice", "-A PREROUTING -m mark --mark 0x102",
            f"-A FORWARD -m {ttl}-eq 68", "-A FORWARD -m addrtype --dst-type UNICAST -j MARK --set-mark 0x200",
            "-A FORWARD -m mark --mark 0x200 -m addrtype ! --src-type LOCAL -j TOS --set-tos 0x04", "-A FORWARD -m tos --tos 0x04",
            "-A FORWARD -m mark --mark 0x200 -p tcp -j TOS --set-tos 0x08", "-A FORWARD -m dscp --dscp 2",
            "-A twice -m mark --mark 0x101 -j MARK --set-mark 0x102", "-A twice -m mark --mark 0 -j MARK --set-mark 1",
            f"-A twice -p tcp --dport 3 -j {down} 1"]
    later = filter_table("-A FORWARD -m mark --mark 0x200", "-A FORWARD -m tos --tos 0x08 -j ACCEPT", f"-A FORWARD -m {ttl}-eq 8 -j DROP", "-A INPUT")
    yield Case(f"order{family}-mutations", {family: table("mangle", *hops, chains=["twice"]) + later}, _traffic(family))
    there = [packet(family, SRC[family], DST[family], udp(1000 + port, port)) for port in range(1, 6)]
    back = [packet(family, DST[family], SRC[family], udp(port, 1000 + port)) for port in range(1, 6)]
    saved = ["-A PREROUTING -j CONNMARK --restore-mark", "-A PREROUTING -m mark --mark 5", "-A PREROUTING -m mark --mark 6 -j DROP",
             "-A FORWARD -p udp --dport 1:2 -j MARK --set-mark 5", "-A FORWARD -p udp --dport 3 -j MARK --set-mark 6",
             "-A FORWARD -m mark ! --mark 0 -j CONNMARK --save-mark", "-A FORWARD -m connmark --mark 6 -j TOS --set-tos 0x10",
             "-A INPUT -p udp --dport 7 -j CONNMARK --set-mark 9", "-A OUTPUT -j CONNMARK --restore-mark", "-A OUTPUT -m mark --mark 9",
             "-A OUTPUT -p udp --dport 9 -j MARK --set-mark 4", "-A OUTPUT -j CONNMARK --save-mark", "-A POSTROUTING -m connmark --mark 4"]
    talk = [step for one, two in zip(there, back) for step in (frame(one), frame(two, "B"), frame(one))]
    yield Case(f"order{family}-connmarks", {family: table("mangle", *saved) + filter_table("-A OUTPUT -m connmark --mark 9", "-A OUTPUT")},
               [*talk, frame(packet(family, SRC[family], ROUTER[family], udp(5, 7))), Datagram(family, DST[family], 9),
                Datagram(family, DST[family], 9), frame(packet(family, DST[family], f"{'10.2.0.1' if family == 4 else 'fd00:2::1'}", udp(9, 4000)), "B")])
    tables = (table("raw", "-A PREROUTING -j MARK --set-mark 1", "-A PREROUTING -p udp --dport 1 -j CT --notrack")
              + table("mangle", "-A PREROUTING -m mark --mark 1 -j MARK --set-mark 2", f"-A PREROUTING -j {down} 1",
                      "-A FORWARD -m mark --mark 3 -j DROP", "-A POSTROUTING -m mark --mark 4 -j TOS --set-tos 0x10")
              + table("nat", "-A PREROUTING -m mark --mark 2 -p udp --dport 2 -j REDIRECT --to-ports 3",
                      f"-A POSTROUTING -s {SRC[family]} -p tcp -j SNAT --to-source {ROUTER_B[family]}")
              + filter_table("-A FORWARD -m mark --mark 2 -j MARK --set-mark 4", "-A FORWARD -m conntrack --ctstate UNTRACKED", "-A INPUT -p udp --dport 3")
              + table("security", "-A FORWARD -m mark --mark 4", "-A FORWARD -m mark --mark 4 -p udp --dport 4 -j DROP"))
    yield Case(f"order{family}-tables", {family: tables}, _traffic(family))


def _sets(family):
    kind = "inet" if family == 4 else "inet6"

    def ipset(*lines):
        def body(side):
            with side.router.entered():
                return subprocess.run(["ipset", "restore"], input="\n".join(lines) + "\n", text=True, capture_output=True, check=False).stderr
        return Script("ipset " + "; ".join(lines), body)
    who = f"order{family}"
    rules = [f"-A FORWARD -m set --match-set {who} src -j MARK --set-mark 1", f"-A FORWARD -p udp --dport 2 -j SET --add-set {who} src",
             f"-A FORWARD -m set --match-set {who} src -j MARK --or-mark 2", "-A FORWARD -m mark --mark 2 -j TOS --set-tos 0x10",
             f"-A FORWARD -p udp --dport 4 -j SET --del-set {who} src", f"-A FORWARD -m mark --mark 3 -m set ! --match-set {who} src -j DROP",
             "-A FORWARD -m tos --tos 0x10"]
    yield Case(f"order{family}-sets", {}, [ipset(f"create {who} hash:ip family {kind} -exist", f"flush {who}")])
    yield Case(f"order{family}-sets-between", {family: table("mangle", *rules)}, _traffic(family))


def cases():
    readable = KernelLog.readable()
    if not readable:
        print("SKIP order4-log-*, order6-log-*: what LOG writes can be read only by root in the first network namespace", file=sys.stderr)
    for family in FAMILIES:
        for make in ((_logs,) if readable else ()) + (_heard, _mutations, _sets):
            yield from make(family)

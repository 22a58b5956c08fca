# SPDX-License-Identifier: GPL-2.0-or-later
"""Random rulesets: nested chains, jumps, gotos, returns, every match and target of the filter table's kind, inversions and edge
values. Values come from pools that traffic.py draws its packets from too, so that rules are met."""

import random

from .case import table
from .places import REJECT
from .tool import BUILTIN

ADDRESSES = {4: ("10.10.0.5", "10.10.0.6", "10.10.1.1", "192.0.2.1", "10.20.0.5", "10.20.0.6", "10.20.255.255", "10.1.0.1", "10.2.0.1",
                 "10.9.9.9"),
             6: ("fd00:10::5", "fd00:10::6", "fd00:10:1::1", "2001:db8::1", "fd00:20::5", "fd00:20::6", "fd00:20:ffff::ffff", "fd00:1::1",
                 "fd00:2::1", "fd00:9::9")}
PREFIXES = {4: (0, 1, 8, 15, 16, 23, 24, 31, 32), 6: (0, 1, 7, 16, 31, 32, 33, 47, 64, 65, 127, 128)}
PORTS = (0, 1, 22, 53, 80, 81, 443, 1000, 7000, 8000, 65535)
TTLS = (1, 2, 63, 64, 65, 128, 254, 255)
TOS = (0, 1, 8, 0x10, 0x28, 0xB8, 0xFC, 0xFF)
ICMP_TYPES = {4: ((8, 0), (0, 0), (3, 3), (3, 4), (11, 0), (17, 0), (8, 1)), 6: ((128, 0), (129, 0), (1, 4), (2, 0), (3, 0), (4, 1),
    (128, 1))}
PROTOCOLS = {4: ("tcp", "udp", "icmp", "sctp", "gre"), 6: ("tcp", "udp", "ipv6-icmp", "sctp", "gre")}
UIDS, GIDS = (0, 1000, 1001, 65534), (0, 100, 101)
MARKS = (0, 1, 0x10, 0x80000000)
MACS = ("02:00:00:00:01:02", "02:00:00:00:02:02", "02:00:00:00:01:77")
# Of an IPv4 packet: what holds no checksum and no identification, which the kernel draws for what it sends itself.
STEADY_BYTES = (0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 15, 16, 19, 20, 21)
LENGTHS = (0, 20, 28, 35, 40, 41, 48, 55, 60, 68, 100, 1500, 65535)


class Rules:
    """Makes the text of one family's tables."""

    def __init__(self, rng, family, stateful):
        self.rng, self.family, self.stateful = rng, family, stateful
        self.more = random.Random(str(rng.getstate()[1][:8]))  # of its own: what it adds leaves the rest as it was

    def tables(self):
        names = ["filter"] + [name for name in ("raw", "mangle", "security") if self.rng.random() < 0.25]
        return "".join(self._table(name) for name in names)

    def _table(self, name):
        lines, chains, policies = [], [], {}
        for root in BUILTIN[name]:
            policies[root] = "DROP" if self.rng.random() < 0.1 else "ACCEPT"
            own = [f"{root.lower()}{number}" for number in range(self.rng.choice((0, 0, 1, 2, 3, 5)))]
            chains += own
            lines += self._rules(name, root, root, own, most=12)
            for number, chain in enumerate(own):
                lines += self._rules(name, root, chain, own[number + 1:], most=6)
        return table(name, *lines, policies=policies, chains=chains)

    def _rules(self, name, root, chain, below, most):
        for _ in range(self.rng.randint(0, most)):
            proto, text = self._basics(root)
            for _ in range(self.rng.choice((0, 0, 1, 1, 1, 1, 2, 3))):
                match = self._match(root, proto)
                if "mark" not in match or "connmark" not in text:  # whose --mark this one would be, too
                    text += match
            if self.more.random() < 0.15:
                text += f" {self._answered()}"
            yield f"-A {chain}{text}{self._target(name, chain == root, proto, below)}"

    def _not(self, chance=0.25):
        return "! " if self.rng.random() < chance else ""

    def _basics(self, root):
        """(protocol that the rule may rely on, text of -s -d -i -o -p -f)"""
        rng, text, proto = self.rng, "", None
        for flag in ("-s", "-d"):
            if rng.random() < 0.3:
                text += f" {self._not()}{flag} {rng.choice(ADDRESSES[self.family])}/{rng.choice(PREFIXES[self.family])}"
        if root in ("PREROUTING", "INPUT", "FORWARD") and rng.random() < 0.15:
            text += f" {self._not()}-i {rng.choice(('eth0', 'eth1', 'eth+', 'lo', 'e+', 'br0', 'eth0.10'))}"
        if root in ("POSTROUTING", "OUTPUT", "FORWARD") and rng.random() < 0.15:
            text += f" {self._not()}-o {rng.choice(('eth0', 'eth1', 'eth+', 'lo', 'nosuch+'))}"
        if rng.random() < 0.65:
            proto, no = rng.choice(PROTOCOLS[self.family][:3] * 3 + PROTOCOLS[self.family]), self._not(0.1)
            text += f" {no}-p {proto}"
            proto = None if no else proto
        if self.family == 4 and rng.random() < 0.06:
            text += f" {self._not()}-f"
        return proto, text

    def _range(self, values):
        low, high = sorted(self.rng.sample(values, k=2))
        return self.rng.choice((f"{low}", f"{low}:{high}", f"{low}:{high}"))

    def _match(self, root, proto):
        kinds = [self._iprange, self._length, self._ttl, self._tos, self._pkttype, self._mark, self._limit, self._addrtype, self._comment]
        kinds += {"tcp": [self._ports, self._flags, self._flags, self._multiport, self._option],
                  "udp": [self._ports, self._ports, self._multiport], "sctp": [self._multiport],
                  "icmp": [self._icmp] * 3, "ipv6-icmp": [self._icmp] * 3}.get(proto, []) * 3
        if self.stateful:
            kinds += [self._state, self._conntrack, self._conntrack, self._connmark]
        if root in ("PREROUTING", "INPUT", "FORWARD"):
            kinds.append(self._mac)
        if root in ("OUTPUT", "POSTROUTING"):
            kinds += [self._owner, self._owner]
        return " " + self.rng.choice(kinds)(proto)

    def _ports(self, proto):
        flag = self.rng.choice(("--sport", "--dport", "--dport"))
        inverted, ports = self._not(), self._range(PORTS)
        if ports == "0:65535":
            inverted = ""  # 1.8.9 doesn't save an inverted full range
        return f"-m {proto} {inverted}{flag} {ports}"

    def _multiport(self, _):
        values = [self._range(PORTS) for _ in range(self.rng.randint(1, 4))]
        return f"-m multiport {self._not()}{self.rng.choice(('--sports', '--dports', '--ports'))} {','.join(values)}"

    def _flags(self, _):
        return "-m tcp " + self._not() + self.rng.choice(("--syn", "--tcp-flags SYN,ACK SYN", "--tcp-flags ALL NONE", "--tcp-flags ALL ALL",
                                                          "--tcp-flags RST RST", "--tcp-flags FIN,ACK FIN"))

    def _option(self, _):
        return f"-m tcp {self._not()}--tcp-option {self.rng.choice((2, 3, 8, 255))}"

    def _icmp(self, _):
        kind, code = self.rng.choice(ICMP_TYPES[self.family])
        module, option = ("icmp", "icmp-type") if self.family == 4 else ("icmp6", "icmpv6-type")
        return f"-m {module} {self._not()}--{option} {self.rng.choice((f'{kind}', f'{kind}/{code}'))}"

    def _iprange(self, _):
        low, high = sorted(self.rng.choices(ADDRESSES[self.family], k=2), key=_number)
        return f"-m iprange {self._not()}--{self.rng.choice(('src', 'dst'))}-range {low}-{high}"

    def _length(self, _):
        return f"-m length {self._not()}--length {self._range(LENGTHS)}"

    def _ttl(self, _):
        module = "ttl" if self.family == 4 else "hl"
        how = self.rng.choice(("eq", "lt", "gt"))
        return f"-m {module} {self._not() if how == 'eq' else ''}--{module}-{how} {self.rng.choice(TTLS)}"

    def _tos(self, _):
        value = self.rng.choice(TOS)
        return self.rng.choice((f"-m dscp {self._not()}--dscp {value >> 2:#04x}", f"-m tos {self._not()}--tos {value:#04x}/0xff",
                                f"-m tos {self._not()}--tos {value & 0x3c:#04x}/0x3f"))

    def _pkttype(self, _):
        return f"-m pkttype {self._not()}--pkt-type {self.rng.choice(('unicast', 'broadcast', 'multicast'))}"

    def _mark(self, _):
        return f"-m mark {self._not()}--mark {self.rng.choice(MARKS):#x}" + self.rng.choice(("", "/0xffff"))

    def _limit(self, _):
        return f"-m limit --limit 1/hour --limit-burst {self.rng.randint(1, 8)}"

    def _addrtype(self, _):
        return f"-m addrtype {self._not()}--{self.rng.choice(('src', 'dst'))}-type {self.rng.choice(('LOCAL', 'UNICAST', 'MULTICAST', 'LOCAL,UNICAST'))}"

    def _answered(self):
        """Matches of the kernel's that programs mostly answer by themselves."""
        more = self.more
        no = more.choice(("", "", "! "))
        choices = [f"-m time --datestart {more.choice((2001, 2037))}", "-m time --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun",
                   f"-m string {no}--string {more.choice(('load', 'AYLO', 'payload', 'PAYLOAD --icase'))} --algo {more.choice(('bm', 'kmp'))}",
                   f"-m bpf --bytecode \"4,48 0 0 {more.choice(STEADY_BYTES)},{more.choice((21, 37, 69))} 0 1 {more.choice((0, 6, 17, 64))},6 0 0 1,6 0 0 0\""]
        if self.family == 6:
            choices += [f"-m rt {no}--rt-type {more.choice((0, 2))}", f"-m dst {no}--dst-len 8", "-m hbh", "-m ah"]
        if self.stateful:
            low = more.choice((0, 1, 2, 3, 50))
            choices += [f"-m connbytes {no}--connbytes {low}:{low + more.choice((0 if low else 2, 1, 100))} --connbytes-dir {way} --connbytes-mode {mode}"
                        for way in ("original", "reply", "both") for mode in ("packets", "bytes", "avgpkt")]
        return more.choice(choices)

    def _comment(self, _):
        return f'-m comment --comment "{self.rng.choice(("x", "two words", "#1"))}"'

    def _mac(self, _):
        return f"-m mac {self._not()}--mac-source {self.rng.choice(MACS)}"

    def _owner(self, _):
        return "-m owner " + self._not() + self.rng.choice((f"--uid-owner {self.rng.choice(UIDS)}", f"--gid-owner {self.rng.choice(GIDS)}",
                                                            "--uid-owner 1000-2000", "--socket-exists"))

    def _state(self, _):
        states = self.rng.sample(("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED"), self.rng.randint(1, 3))
        return f"-m {self.rng.choice(('state', 'conntrack'))} ".replace("state ", f"state {self._not()}--state ").replace("conntrack ",
            f"conntrack {self._not()}--ctstate ") + ",".join(states)

    def _conntrack(self, _):
        rng, address = self.rng, self.rng.choice(ADDRESSES[self.family])
        what = rng.choice((f"--ctproto {rng.choice(('tcp', 'udp'))}", f"--ctorigsrc {address}", f"--ctreplsrc {address}",
                           f"--ctorigdst {address}/{rng.choice(PREFIXES[self.family])}",
                           f"--ctorigdstport {self._range(PORTS)}", f"--ctrepldstport {self._range(PORTS)}",
                           f"--ctstatus {rng.choice(('ASSURED', 'SEEN_REPLY', 'CONFIRMED', 'NONE'))}",
                           "--ctexpire 1:100", "--ctexpire 1000:"))
        return rng.choice((f"-m conntrack {self._not()}{what}", f"-m conntrack --ctdir {rng.choice(('ORIGINAL', 'REPLY'))}"))

    def _connmark(self, _):
        return f"-m connmark {self._not()}--mark {self.rng.choice((0, 1))}"

    def _target(self, name, top, proto, below):
        choices = [""] * 6 + [" -j ACCEPT", " -j DROP", " -j RETURN", " -j LOG"]
        choices += [f" -j {chain}" for chain in below] * 2 + [f" -g {chain}" for chain in below]
        if top:
            choices += [f" -j {chain}" for chain in below] * 3
        if name == "filter":
            choices += [" -j REJECT", f" -j REJECT --reject-with {self.rng.choice(REJECT[self.family])}"]
            if proto == "tcp":
                choices += [" -j REJECT --reject-with tcp-reset"] * 2
        return self.rng.choice(choices)


def _number(address):
    import ipaddress
    return int(ipaddress.ip_address(address))

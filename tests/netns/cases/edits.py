# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands between packets: what an edit leaves alone keeps its counters, and takes effect for the next packet."""

from twin.case import Case, filter_table, table
from twin.frames import tcp, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Command, Datagram, frame


def cases():
    for family in FAMILIES:
        def do(text, f=family):
            return Command(f, text)
        some = [frame(packet(family, SRC[family], target[family], make(1000, port))) for target in (DST, ROUTER) for make in (udp, tcp)
                for port in (1, 2, 3, 4, 5)]
        start = ["-A FORWARD -p udp --dport 1", "-A FORWARD -p udp --dport 2 -j DROP", "-A FORWARD -p tcp -j web",
                 "-A INPUT -p udp --dport 3", "-A web -p tcp --dport 4 -j DROP", "-A web"]

        def edited(name, *commands, rules=start, chains=("web",), f=family, packets=some):
            steps = [*packets]
            for command in commands:
                steps += [do(command), *packets]
            return Case(f"{name}{f}", {f: filter_table(*rules, chains=chains)}, steps, edited=True)
        yield edited("append", "-A FORWARD -p udp --dport 5 -j DROP", "-A INPUT -p tcp --dport 5 -j DROP",
                     "-A web -p tcp --dport 5 -j REJECT")
        yield edited("insert", "-I FORWARD -p udp --dport 1 -j DROP", "-I FORWARD 2 -p tcp", "-I web -p tcp --dport 3 -j RETURN")
        yield edited("delete", "-D FORWARD 2", "-D FORWARD -p udp --dport 1", "-D web 1", "-D FORWARD -p tcp -j web")
        yield edited("replace", "-R FORWARD 2 -p udp --dport 3 -j DROP", "-R web 2 -p tcp --dport 1 -j DROP",
                     "-R FORWARD 1 -p udp --dport 1")
        yield edited("zero", "-Z FORWARD", "-Z", "-Z web 1", "-Z FORWARD 2")
        yield edited("policy", "-P FORWARD DROP", "-P INPUT DROP", "-P FORWARD ACCEPT", "-P FORWARD DROP")
        yield edited("flush", "-F web", "-F FORWARD", "-X web", "-F", "-A FORWARD -j DROP")
        yield edited("chains", "-N new", "-A new -p udp --dport 4 -j DROP", "-I FORWARD -j new", "-E new newer", "-D FORWARD -j newer",
                     "-F newer", "-X newer")
        asked = ["-C FORWARD -p udp --dport 3 -j DROP"] if family == 4 else []  # ip6tables 1.8.9 doesn't compare the port
        yield edited("refused", "-A FORWARD -j nosuch", "-X web", "-N web", "-R FORWARD 9 -j DROP", "-I FORWARD 9 -j DROP",
                     "-A web -j FORWARD",
                     "-A web -j web", "-X FORWARD", "-P web DROP", "-C FORWARD -p udp --dport 2 -j DROP", "-F nosuch", "-Z nosuch",
                     *asked, "-E web web2")
        yield edited("listed", "-S", "-S -v", "-S FORWARD 2", "-C web")
        limited = ["-A FORWARD -p udp --dport 1 -m limit --limit 1/hour --limit-burst 3 -j ACCEPT", "-A FORWARD -p udp --dport 1 -j DROP"]
        yield edited("limit-edit", "-A INPUT -p udp --dport 9", "-A FORWARD -p udp --dport 2", rules=limited, chains=())
        state = ["-A FORWARD -m conntrack --ctstate ESTABLISHED", "-A FORWARD -m conntrack --ctstate NEW"]
        replies = [*some, *(frame(packet(family, DST[family], SRC[family], udp(port, 1000)), "B") for port in (1, 2, 5, 6))]
        yield edited("state-edit", "-A FORWARD -p udp --dport 1 -j DROP", "-D FORWARD 3", "-A INPUT -m conntrack --ctstate NEW -j DROP",
                     rules=state, chains=(), packets=replies)
        yield edited("state-comes", "-A FORWARD -m conntrack --ctstate NEW", "-A FORWARD -m conntrack --ctstate ESTABLISHED",
                     "-D FORWARD 1", rules=[], chains=(), packets=replies)
        yield edited("other-table", "-t mangle -A PREROUTING -p udp --dport 1 -j DROP", "-t raw -A PREROUTING -p udp --dport 2 -j DROP",
                     "-t mangle -F", "-t raw -F", "-t security -A FORWARD -p tcp -j DROP",
                     "-t security -F")
        counted = "\n".join(f"[{number}:{number * 100}] -A FORWARD -p udp --dport {number}" for number in range(1, 5))
        yield Case(f"counters-given{family}", {family: filter_table().replace("COMMIT", counted + "\nCOMMIT")},
                   [*some, do("-A FORWARD -p udp -c 7 700"), *some], edited=True)
        nat = table("nat", *(f"-A {chain} -p {proto}" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
                             for proto in ("udp", "tcp")), "-A PREROUTING -p udp --dport 3 -j ACCEPT")
        # A nat table sees a connection's first packet, and none at all while nothing has switched conntrack on.
        for name, more in (("off", ""), ("on", filter_table("-A FORWARD -m conntrack --ctstate INVALID -j DROP"))):
            yield Case(f"nat-counts{family}-conntrack-{name}", {family: nat + more}, [*replies, *some, Datagram(family, DST[family], 5),
                Datagram(family, ROUTER[family], 5)])

# SPDX-License-Identifier: GPL-2.0-or-later
"""NFQUEUE with somebody who listens and judges by what the packet says: which queue gets which flow, with which mark, and what
becomes of the packet."""

from twin.case import Case, filter_table, table
from twin.frames import tcp, udp
from twin.nfqueue import ACCEPT, DROP, REPEAT, Queue
from twin.places import DST, DST2, FAMILIES, ROUTER, SRC, SRC2, packet
from twin.steps import Datagram, Script, frame

_PORTS = range(1, 9)


def _listen(*numbers):
    def body(side):
        side.state["queues"] = [Queue(side.router, number) for number in numbers]
    return Script(f"listen to queues {numbers}", body)


def _judge(hook, mark, data):
    """Payloads say what they want; `again` wants to pass the hook a second time, marked."""
    if b"again" in data and mark & 0xF00 == 0:
        return REPEAT, mark | 0x100
    if b"marked" in data:
        return ACCEPT, 0x77
    return DROP if b"drop" in data else ACCEPT


def _plain(family, data):
    """Without the identification that R gives its own packets, and the checksum over it."""
    return (data[:4] + data[6:10] + data[12:] if family == 4 else data).hex()


def _serve(family):
    def body(side):
        for end in "AB":
            side.links[end].settle_inward()
        return [(queue.number, [(hook, mark, _plain(family, data)) for hook, mark, data in queue.serve(_judge)])
                for queue in side.state.get("queues", ())]
    return Script("judge what waits", body)


def _stop():
    def body(side):
        for queue in side.state.pop("queues"):
            queue.close()
    return Script("queues closed", body)


def _served(family, steps):
    return [one for step in steps for one in (step, _serve(family))]


def _traffic(family, datas=(b"accept", b"drop", b"marked")):
    return [frame(packet(family, SRC[family], target[family], udp(1000 + port, port, data))) for target in (DST, ROUTER) for port in _PORTS
            for data in datas]


def _local(family):
    return [Datagram(family, DST[family], port, data) for port in _PORTS for data in (b"accept", b"drop", b"marked")]


def _verdicts(family):
    rules = ["-A FORWARD -p udp --dport 1 -j NFQUEUE --queue-num 3", "-A FORWARD -p udp --dport 2 -j NFQUEUE --queue-num 4 --queue-bypass",
             "-A FORWARD -p udp --dport 3 -j NFQUEUE --queue-num 9", "-A FORWARD -p udp --dport 4 -j NFQUEUE --queue-num 9 --queue-bypass",
             "-A FORWARD -p udp --dport 5 -j chain", "-A FORWARD", "-A chain -j NFQUEUE --queue-num 3", "-A chain",
             "-A INPUT -p udp --dport 1 -j NFQUEUE --queue-num 3", "-A INPUT -p udp --dport 2:3 -j NFQUEUE", "-A INPUT",
             "-A OUTPUT -p udp --dport 1 -j NFQUEUE --queue-num 4", "-A OUTPUT"]
    around = table("mangle", "-A PREROUTING -j MARK --set-mark 0x5", "-A POSTROUTING -m mark --mark 0x77", "-A POSTROUTING -m mark --mark 0x5",
                   "-A POSTROUTING -p udp --dport 6 -j NFQUEUE --queue-num 3", "-A POSTROUTING")
    later = table("security", "-A FORWARD -m mark --mark 0x77", "-A FORWARD", "-A INPUT -m mark --mark 0x77", "-A INPUT", "-A OUTPUT")
    yield Case(f"queue{family}-verdicts", {family: filter_table(*rules, chains=["chain"]) + around + later},
               [_listen(0, 3, 4), *_served(family, [*_traffic(family), *_local(family)]), _stop(), *_traffic(family)[:9]])
    raw = table("raw", "-A PREROUTING -p udp --dport 1:4 -j NFQUEUE --queue-num 3", "-A PREROUTING", "-A OUTPUT -p udp -j NFQUEUE --queue-num 4")
    later = filter_table("-A FORWARD -p udp --dport 2 -j NFQUEUE --queue-num 4", "-A FORWARD -m mark --mark 0x77", "-A FORWARD", "-A INPUT",
                         "-A OUTPUT")
    yield Case(f"queue{family}-tables", {family: raw + later}, [
        _listen(3, 4), *(one for step in [*_traffic(family), *_local(family)] for one in (step, _serve(family), _serve(family))), _stop()])


def _repeated(family):
    rules = ["-A FORWARD", "-A FORWARD -m mark ! --mark 0x100/0x100 -j NFQUEUE --queue-num 3", "-A FORWARD -m mark --mark 0x100/0x100",
             "-A FORWARD -p udp --dport 2 -j DROP"]
    around = table("mangle", "-A FORWARD -p udp", "-A FORWARD -j TOS --or-tos 0x10", "-A POSTROUTING") + table("security", "-A FORWARD")
    steps = _traffic(family, (b"again", b"accept", b"drop"))
    yield Case(f"queue{family}-repeat", {family: filter_table(*rules) + around}, [_listen(3), *_served(family, steps), _stop()])


def _balanced(family):
    flows = [frame(packet(family, source[family], target[family], make(1000 + port, port))) for source in (SRC, SRC2)
             for target in (DST, DST2, ROUTER) for make in (udp, tcp) for port in (1, 2)]
    for name, options in (("balance", "--queue-balance 3:6"), ("balance-bypass", "--queue-balance 3:8 --queue-bypass"),
                          ("fanout", "--queue-balance 3:6 --queue-cpu-fanout")):
        rules = [f"-A FORWARD -j NFQUEUE {options}", "-A FORWARD", f"-A INPUT -j NFQUEUE {options}", "-A INPUT"]
        yield Case(f"queue{family}-{name}", {family: filter_table(*rules)}, [_listen(3, 4, 5, 6), *_served(family, flows), _stop()])


def cases():
    for family in FAMILIES:
        for make in (_verdicts, _repeated, _balanced):
            yield from make(family)

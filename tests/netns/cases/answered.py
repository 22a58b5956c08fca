# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches of the kernel's that the programs mostly answer by themselves: what they read of the kernel, and when they ask it."""

import datetime
import random

from twin.case import Case, filter_table, table
from twin.frames import udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame

_READ = b"\0\1boot.img\0octet\0"  # a TFTP request; the server answers from a port of its own
_HOUR = datetime.timedelta(hours=1)


def _out(family, port, sport=1, data=b"", count=1):
    return [frame(packet(family, SRC[family], DST[family], udp(sport, port, data)))] * count


def _back(family, sport, dport=1, data=b"", count=1):
    return [frame(packet(family, DST[family], SRC[family], udp(sport, dport, data)), "B")] * count


def _times():
    """Windows hours away from now, so that a case doesn't see them open or close."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = [(now + hours * _HOUR).strftime("%H:%M:%S") for hours in range(24)]
    date = [(now + hours * _HOUR).strftime("%Y-%m-%dT%H:%M:%S") for hours in (-2, -1, 1, 2)]
    yield from (f"--timestart {day[start]} --timestop {day[stop]}" for start, stop in ((-1, 1), (1, -1), (-2, -1), (1, 2), (-1, -1)))
    yield from (f"--timestart {day[start]} --timestop {day[stop]} --contiguous" for start, stop in ((-1, 1), (1, -1), (-2, -1), (1, 2))
                if day[start] > day[stop])
    yield from (f"--datestart {date[start]} --datestop {date[stop]}" for start, stop in ((0, 3), (0, 1), (2, 3)))
    for days in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon,Wed,Fri,Sun"):
        yield from (f"--weekdays {days}", f"! --weekdays {days}")
    yield from (f"--monthdays {each}" for each in range(1, 32))
    yield f"! --monthdays {now.day}"
    yield f"--monthdays {now.day} --weekdays {now:%a} --timestart {day[-1]} --datestart {date[0]}"


def _strings(family, seed):
    """Patterns and texts of few letters, so that one is often in the other; up to a pattern's 16 bytes and behind."""
    choose = random.Random(seed)
    header = {4: 28, 6: 48}[family]

    def letters(kinds, most):
        return "".join(choose.choice(kinds) for _ in range(choose.randint(1, most)))
    rules, steps = [], []
    for _ in range(60):
        rule = f"-m string {choose.choice(('', '! '))}--string {letters(choose.choice(('ab', 'aAb', 'abcdeZz')), choose.choice((1, 3, 8, 9, 16, 17, 20)))}"
        rule += f" --algo {choose.choice(('bm', 'kmp'))}{choose.choice(('', ' --icase'))}"
        begin = choose.randint(0, header + 40)
        rule += choose.choice(("", f" --from {begin}", f" --to {begin}", f" --from {begin} --to {begin + choose.randint(0, 40)}"))
        rules.append(f"-A FORWARD {rule}")
    rules.append('-A FORWARD -m string --hex-string "|00ff|" --algo bm --icase -j DROP')
    rules.append('-A FORWARD -m string --hex-string "|e4|" --algo kmp --icase')  # a letter beyond ASCII
    for _ in range(40):
        text = letters(choose.choice(("ab", "aAbB", "abcdeZz")), choose.choice((1, 10, 60, 600))).encode()
        steps += _out(family, 2, data=text + choose.choice((b"", b"", b"\0\xff", b"\xc4", b"ab" * 9)))
    return Case(f"strings{family}-{seed}", {family: filter_table(*rules)}, steps)


def _program(choose):
    """Random classic BPF, mostly of what the programs translate: loads, arithmetic, jumps, a return."""
    size = choose.randint(2, 24)
    code = []
    for at in range(size):
        left, number = size - at - 1, choose.choice((0, 1, 2, 3, 8, 9, 20, 28, 40, 63, 255, 5000, 0x7FFFFFFF, 0xFFFFFFF0))
        k = choose.choice((0, 1, 4, 6, 9, 16, 24, 28, 40, 41, 60, 100, 5000))
        kind = choose.choice(("load", "load", "alu", "alu", "jump", "index", "move"))
        if left == 0 or choose.randint(0, 30) == 0:
            code.append((0x16, 0, 0, 0) if choose.randint(0, 1) else (0x06, 0, 0, choose.choice((0, 1, 0xFFFFFFFF))))
        elif kind == "load":
            mode = choose.choice((0x00, 0x20, 0x20, 0x20, 0x40, 0x80))  # IMM, ABS, IND, LEN
            code.append((mode if mode in (0, 0x80) else mode | choose.choice((0, 8, 16)), 0, 0, number if mode == 0 else k))
            if mode == 0x20 and choose.randint(0, 20) == 0:
                code[-1] = (0x28, 0, 0, 0xFFFFF000)  # the packet's protocol: for the kernel to say
        elif kind == "index":
            code.append(choose.choice(((0x01, 0, 0, k), (0x81, 0, 0, 0), (0xB1, 0, 0, k))))
        elif kind == "move":
            code.append((choose.choice((0x07, 0x87, 0x84)), 0, 0, 0))
        elif kind == "alu":
            op, by_index = choose.choice((0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0)), choose.randint(0, 1)
            code.append((0x04 | op | by_index * 8, 0, 0, (number % 31 or 1) if op in (0x60, 0x70) else number or 1))
        else:
            op, by_index = choose.choice((0x00, 0x10, 0x20, 0x30, 0x40)), choose.randint(0, 1)
            code.append((0x05, 0, 0, choose.randrange(left)) if op == 0 else
                        (0x05 | op | by_index * 8, choose.randrange(left), choose.randrange(left), number))
    return f"{len(code)}," + ",".join(" ".join(map(str, each)) for each in code)


def _programs(family, seed):
    choose = random.Random(seed)
    rules = [f'-A FORWARD -m bpf --bytecode "{_program(choose)}"' for _ in range(60)]
    steps = [step for size in (0, 1, 5, 20, 33, 60, 300) for step in _out(family, choose.randrange(65536), choose.randrange(65536),
                                                                         choose.randbytes(size))]
    return Case(f"classic{family}-{seed}", {family: filter_table(*rules)}, [*steps, *_back(family, 7, data=b"reply")])


def cases():
    counts = [f"{no}--connbytes {span} --connbytes-dir {way} --connbytes-mode {mode}"
              for mode, spans in (("packets", ("0", "1", "2", "3:4", "3:3", "4:100", "0:18446744073709551615")),
                                  ("bytes", ("0:27", "28", "100:200", "29:68", "1:18446744073709551614")),
                                  ("avgpkt", ("0", "20:28", "29:60", "40", "1:1")))
              for span in spans for way in ("original", "reply", "both") for no in ("", "! ")]
    for family in FAMILIES:
        for seed in range(3):
            yield _strings(family, seed)
            yield _programs(family, seed)
        talk = [*_out(family, 2, count=2), *_back(family, 2, data=b"x" * 40), *_out(family, 2, data=b"y" * 7), *_back(family, 2, count=2),
                *_out(family, 3), frame(packet(family, SRC[family], ROUTER[family], udp(1, 7000)))]
        yield Case(f"connbytes{family}", {family: filter_table(*(f"-A FORWARD -m connbytes {each}" for each in counts))}, talk)
        yield Case(f"connbytes{family}-raw", {family: table("raw", *(f"-A PREROUTING -m connbytes {each}" for each in counts[:8]))}, talk)
        # Behind a MARK that a later rule reads the kernel is asked for what the program could tell.
        yield Case(f"connbytes{family}-drop", {family: table(
            "mangle", "-A FORWARD -j MARK --set-mark 1", "-A FORWARD -m connbytes --connbytes 3 --connbytes-dir both --connbytes-mode packets",
            "-A FORWARD -m connbytes --connbytes 2 --connbytes-dir reply --connbytes-mode packets -m mark --mark 1 -j DROP",
            "-A FORWARD -m connbytes --connbytes 2:2 --connbytes-dir original --connbytes-mode packets -j MARK --set-mark 2",
            "-A FORWARD -m mark --mark 2 -m connbytes --connbytes 0 --connbytes-dir both --connbytes-mode avgpkt -j LOG")}, talk)
        labels = [f"-A FORWARD -m connlabel {no}--label {label}" for label in (0, 5, 63, 64, 127) for no in ("", "! ")]
        yield Case(f"connlabel{family}", {family: filter_table(
            *labels, "-A FORWARD -p udp --dport 2 -m connlabel --label 5 --set", "-A FORWARD -p udp --dport 3 -m connlabel --label 127 --set",
            "-A FORWARD -p udp --dport 2 -m length --length 68:500 -m connlabel --label 64 --set", *labels,
            "-A FORWARD -m connlabel --label 64 -j DROP", "-A INPUT -m connlabel ! --label 5 -j DROP")},
                   [*talk, *_out(family, 2, data=b"z" * 60), *_back(family, 2)])
        helpers = [f"-m helper {no}--helper {name}" for name in ("tftp", "ftp", '""', "tftp-69", "tft", "t") for no in ("", "! ")]
        yield Case(f"helper{family}", {family: filter_table(*(f"-A FORWARD {each}" for each in helpers),
                                                            "-A FORWARD -m helper --helper tftp -m length --length 90: -j DROP") +
                                       table("raw", "-A PREROUTING -p udp --dport 69 -j CT --helper tftp")},
                   [*_out(family, 69, 1000, _READ), *_back(family, 5000, 1000, b"\0\3\0\1data"), *_out(family, 5000, 1000, b"\0\4\0\1"),
                    *_back(family, 5000, 1000, b"\0\3\0\2" + b"d" * 100), *_out(family, 2), *_back(family, 5001, 1000)])
        yield Case(f"cgroup{family}-path", {family: filter_table(
            *(f"-A {chain} -m cgroup {no}--path /" for chain in ("INPUT", "OUTPUT") for no in ("", "! ")))},
                   [*talk, Datagram(family, DST[family], 8)])
        yield Case(f"times{family}", {family: filter_table(*(f"-A FORWARD -m time {each}" for each in _times()))}, _out(family, 2))
    made = "fd00:10::ff:fe00:102"  # of the frames' own MAC
    yield Case("eui64", {6: filter_table(*(f"-A {chain} {rest}" for chain in ("INPUT", "FORWARD")
                                           for rest in ("-m eui64", "-p udp --dport 3 -m eui64 -j DROP")))},
               [frame(packet(6, source, to, udp(1, port)), src=mac) for source in (made, SRC[6], "fd00:10::200:ff:fe00:102")
                for mac in (None, "02:00:00:00:01:03", "00:00:00:00:01:02") for to in (DST[6], ROUTER[6]) for port in (2, 3)])

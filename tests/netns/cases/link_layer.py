# SPDX-License-Identifier: GPL-2.0-or-later
"""What the frame tells: VLAN tags, the source MAC, packet types, broadcast and multicast, frames for somebody else."""

from twin.case import Case, filter_table, probes
from twin.frames import icmp, ip4, ip6, udp
from twin.places import DST, FAMILIES, ROUTER, SRC, packet
from twin.steps import Datagram, frame

_BROADCAST = "ff:ff:ff:ff:ff:ff"


def _macs():
    for mac in ("02:00:00:00:01:02", "02:00:00:00:01:03", "02:00:00:00:02:02", "00:00:00:00:00:00", "FE:DC:BA:98:76:54"):
        yield f"-m mac --mac-source {mac}"
        yield f"-m mac ! --mac-source {mac}"


def cases():
    for family in FAMILIES:
        def from_macs(ttl, f=family):
            return [frame(packet(f, SRC[f], target, udp(1, 2), ttl=ttl), src=mac) for target in (DST[f], ROUTER[f])
                    for mac in (None, "02:00:00:00:01:03", "fe:dc:ba:98:76:54", "00:00:00:00:00:00")] + [frame(packet(f, DST[f], ROUTER[f],
                        udp(1, 2), ttl=ttl), "B")]
        for chain in ("FORWARD", "INPUT"):
            yield from probes(f"mac{family}-{chain.lower()}", family, chain, list(_macs()), from_macs)

        types = [f"-m pkttype {no}--pkt-type {kind}" for kind in ("unicast", "broadcast", "multicast") for no in ("", "! ")]
        group, group_mac = {4: ("224.0.0.1", "01:00:5e:00:00:01"), 6: ("ff02::1", "33:33:00:00:00:01")}[family]

        def kinds(ttl, f=family, g=group, m=group_mac):
            frames = [frame(packet(f, SRC[f], ROUTER[f], udp(1, 2), ttl=ttl), dst=mac)
                      for mac in (None, _BROADCAST, m, "02:00:00:00:99:99")]
            frames += [frame(packet(f, SRC[f], g, udp(1, 7000), ttl=ttl), dst=mac) for mac in (None, _BROADCAST, m)]
            frames += [frame(packet(f, SRC[f], DST[f], udp(1, 2), ttl=ttl), dst=mac) for mac in (None, _BROADCAST, m, "02:00:00:00:99:99")]
            if f == 4:
                frames += [frame(ip4(SRC[4], target, udp(1, 7000), ttl=ttl), dst=_BROADCAST)
                           for target in ("10.1.0.255", "255.255.255.255", "10.1.0.0", "10.2.0.255")]
                frames += [frame(ip4(SRC[4], "239.1.2.3", udp(1, 7000), ttl=ttl), dst="01:00:5e:01:02:03"),
                           frame(ip4("0.0.0.0", "255.255.255.255", udp(68, 67), ttl=ttl), dst=_BROADCAST),
                           frame(ip4(SRC[4], "10.1.0.255", icmp(8), ttl=ttl), dst=_BROADCAST),
                           frame(ip4(SRC[4], "10.1.0.255", udp(1, 7000), ttl=ttl))]
            else:
                frames += [frame(ip6(SRC[6], target, udp(1, 7000), hop=ttl), dst="33:33:00:00:00:02")
                           for target in ("ff02::2", "ff01::1", "ff05::2", "ff0e::1", "ff02::1:ff00:1")]
            return frames
        for chain in ("INPUT", "FORWARD"):
            yield from probes(f"pkttype{family}-{chain.lower()}", family, chain, [*types, f"-d {group}"], kinds,
                              listen=[(family, "udp", 7000)])
        loop = [f"-A {chain} {kind}" for chain in ("INPUT", "OUTPUT") for kind in types]
        yield Case(f"pkttype{family}-local", {family: filter_table(*loop)},
                   [Datagram(family, host, 7000) for host in (ROUTER[family], DST[family], *(("10.1.0.255", "127.0.0.1", "127.255.255.255")
                       if family == 4 else ("::1",)))],
                   listen=[(family, "udp", 7000)])

        vlan = [frame(packet(family, SRC[family], target, udp(1, port)), vlan=tags)
                for tags in ((), (10,), (0,), (0x6000,), (0x600A,), (20,), (10, 10), (0, 0), (0, 10))
                for target in (ROUTER[family], DST[family], {4: "10.4.0.1", 6: "fd00:4::1"}[family]) for port in (7000, 7001)]
        rules = [f"-A {chain} {match}" for chain in ("INPUT", "FORWARD")
                 for match in ("-i eth0", "-i eth0.10", "-p udp --dport 7001 -j DROP", "-m mac --mac-source 02:00:00:00:01:02")]
        yield Case(f"vlan{family}", {family: filter_table(*rules)}, vlan, listen=[(family, "udp", 7000)])
        yield Case(f"vlan{family}-raw-drop",
                   {family: filter_table("-A INPUT -j DROP", "-A FORWARD -j DROP", policies={"INPUT": "DROP", "FORWARD": "DROP"})}, vlan)

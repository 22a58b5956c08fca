# SPDX-License-Identifier: GPL-2.0-or-later
"""ferm: its packaged firewall, then a bigger one, the slow way (a command per rule) and the way back."""

from . import Client

_PREPARE = r"""
cat > /etc/router.ferm <<'END'
@def $WAN = eth0;
@def $LAN = (10.1.0.0/16 10.2.0.0/16);
domain (ip ip6) table filter {
    chain INPUT {
        policy DROP;
        mod conntrack ctstate (ESTABLISHED RELATED) ACCEPT;
        interface lo ACCEPT;
        proto tcp dport (ssh http https) mod recent name seen set NOP;
        proto tcp dport (ssh http https) ACCEPT;
        proto tcp mod multiport destination-ports (1000:2000 3000) REJECT reject-with tcp-reset;
        mod limit limit 5/second limit-burst 10 LOG log-prefix "dropped " log-level warning;
    }
    chain FORWARD {
        policy DROP;
        interface eth1 outerface $WAN jump outward;
    }
    chain outward { proto (tcp udp) dport 53 ACCEPT; proto tcp mod connlimit connlimit-above 50 DROP; ACCEPT; }
}
domain ip {
    table nat {
        chain PREROUTING proto tcp daddr 192.0.2.1 dport 8080 DNAT to 10.1.0.2:80;
        chain POSTROUTING saddr $LAN outerface $WAN MASQUERADE;
    }
    table mangle chain FORWARD proto tcp tcp-flags (SYN RST) SYN TCPMSS clamp-mss-to-pmtu;
    table raw chain PREROUTING interface lo NOTRACK;
}
END
"""

CLIENTS = [Client("ferm", _PREPARE, [
    "ferm /etc/ferm/ferm.conf",
    "ferm --noexec --lines /etc/router.ferm | grep -v '^#'",
    "ferm /etc/router.ferm",
    "ferm --slow --domain ip /etc/ferm/ferm.conf",
    "ferm --domain ip /etc/router.ferm",
    "echo no | ferm --interactive --timeout 1 /etc/ferm/ferm.conf",
    "ferm --flush /etc/router.ferm",
])]

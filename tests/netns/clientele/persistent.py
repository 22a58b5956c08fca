# SPDX-License-Identifier: GPL-2.0-or-later
"""netfilter-persistent with its plugins, and iptables-apply."""

from . import Client

_RULES = r"""
iptables-restore <<'END'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:guests - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -s 198.51.100.0/24 -g guests
-A INPUT -p tcp -m multiport --dports 22,80,443 -m comment --comment "the three" -j ACCEPT
-A guests -m limit --limit 3/min -j LOG --log-prefix "guest: "
-A guests -j REJECT --reject-with icmp-admin-prohibited
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE
COMMIT
END
ip6tables -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -j ACCEPT
ip6tables -P FORWARD DROP
"""

_PERSISTENT = Client("netfilter-persistent", _RULES, [
    "netfilter-persistent save",
    "grep -v '^#' /etc/iptables/rules.v4 /etc/iptables/rules.v6 | sed 's/ \\[[0-9:]*\\]$//'",
    "netfilter-persistent flush",
    "netfilter-persistent start",
    "sed -i 's/--dports 22/--dports 23/' /etc/iptables/rules.v4; IPTABLES_TEST_RULESET=yes netfilter-persistent reload",
    "echo '-A nowhere -j ACCEPT' >> /etc/iptables/rules.v6; netfilter-persistent start",
])

_APPLY = Client("iptables-apply", _RULES + r"""
iptables-save | sed 's/:INPUT ACCEPT/:INPUT DROP/; /the three/d; /^# /d' > /etc/new.v4
printf '*filter\n-A INPUT -j ACCEPT\n-A INPUT -j NOSUCH\nCOMMIT\n' > /etc/bad.v4
printf '#!/bin/sh\niptables -I INPUT -s 203.0.113.1 -j DROP\niptables -N more\n' > /etc/run
chmod +x /etc/run
rm -f /etc/init.d/fail2ban # it would be stopped and started
""", [
    # Nobody answers: the old rules come back.
    "{ sleep 1; iptables -w -S; sleep 2; } > /run/seen & { sleep 4; } | iptables-apply -t 2 /etc/new.v4; wait; cat /run/seen",
    "iptables-apply /etc/bad.v4",
    "echo n | iptables-apply -c /etc/run",
    "echo y | iptables-apply -w /etc/saved.v4 -c /etc/run && grep -c '^-A' /etc/saved.v4",
    "echo y | iptables-apply /etc/new.v4",
    "ip6tables-save | grep -v '^#' > /etc/new.v6 && echo n | ip6tables-apply /etc/new.v6",
])

CLIENTS = [_PERSISTENT, _APPLY]

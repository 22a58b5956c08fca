# SPDX-License-Identifier: GPL-2.0-or-later
"""ufw: from enabling to reset. Its sysctls and modules are left out: they'd be the machine's."""

from . import Client

_PREPARE = r"""
cp /usr/share/ufw/iptables/*.rules /usr/share/ufw/*.init /usr/share/ufw/ufw.conf /etc/ufw/
sed -i 's/^IPT_SYSCTL=.*/IPT_SYSCTL=/; s/^IPT_MODULES=.*/IPT_MODULES=/' /etc/default/ufw
"""

CLIENTS = [Client("ufw", _PREPARE, [
    "ufw --force enable",
    "ufw allow 22/tcp",
    "ufw limit proto udp from 198.51.100.0/24 to any port 53 comment 'their resolver'",
    "ufw route allow in on eth0 out on eth1 to 192.0.2.0/24 port 80,443 proto tcp",
    "ufw insert 1 deny from 203.0.113.7",
    "ufw status numbered",
    "ufw --force delete 2",
    "ufw reload",
    "ufw disable",
    "ufw status verbose",
])]
